// The traffic of a mobile backend, twenty phones, beside services that fetch and check 20 tokens a second.
import { clientCredentials, introspect } from './lib/issuer.js';
import { phone } from './lib/mobile.js';
import { always, offered, phones as phonesOf, prompt, seconds, steady, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const rate = 20;
const lasts = seconds(20, 1200);

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    phones: phonesOf(20, lasts, { exec: 'phones' }),
    services: steady(rate, lasts, { exec: 'services' }),
  },
  thresholds: {
    ...always,
    'http_req_duration{name:/validate}': prompt,
    'http_req_duration{name:/introspect}': prompt,
    'http_req_duration{name:/token}': prompt,
    dropped_iterations: offered(rate, lasts),
  },
};

export const phones = sure(phone);

export const services = sure(() => {
  const token = clientCredentials();
  if (token) introspect(token);
});
