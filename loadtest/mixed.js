// The traffic of a mobile backend, beside services that fetch and check tokens.
import { clientCredentials, introspect } from './lib/issuer.js';
import { phone } from './lib/mobile.js';
import { always, seconds, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    phones: { executor: 'constant-vus', vus: 6, duration: seconds(20, 1200), gracefulStop: '10s', exec: 'phones' },
    services: steady(20, seconds(20, 1200), { exec: 'services' }),
  },
  thresholds: {
    ...always,
    'http_req_duration{name:/validate}': within(60, 250),
    'http_req_duration{name:/token}': within(120, 400),
  },
};

export const phones = phone;

export function services() {
  const token = clientCredentials();
  if (token) introspect(token);
}
