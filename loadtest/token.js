// Services that fetch tokens of their own; each token is good at once, on every node.
import { clientCredentials, validate } from './lib/issuer.js';
import { always, seconds, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: { services: steady(100, seconds(15, 600)) },
  thresholds: { ...always, http_req_duration: within(150, 500), dropped_iterations: ['count<30'] },
};

export default function () {
  const token = clientCredentials();
  if (token && Math.random() < 0.2) validate(token);
}
