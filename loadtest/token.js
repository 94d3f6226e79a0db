// Services that fetch tokens of their own, 100 a second, each with an RS256 signature. A token is good at
// once, on every node.
import { clientCredentials, validate } from './lib/issuer.js';
import { always, offered, prompt, seconds, steady, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const rate = 100;
const lasts = seconds(15, 300);

export const options = {
  summaryTrendStats: trends,
  scenarios: { services: steady(rate, lasts) },
  thresholds: {
    ...always,
    'http_req_duration{name:/token}': prompt,
    'http_req_duration{name:/validate}': prompt,
    dropped_iterations: offered(rate, lasts),
  },
};

export default sure(() => {
  const token = clientCredentials();
  if (token && Math.random() < 0.2) validate(token);
});
