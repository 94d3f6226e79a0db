// People who sign in through the forms. Each login costs one argon2, on purpose.
import { login } from './lib/issuer.js';
import { always, seconds, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: { people: steady(5, seconds(15, 600)) },
  thresholds: { ...always, 'http_req_duration{name:pages}': within(400, 1000), dropped_iterations: ['count<5'] },
};

export default function () {
  login('openid profile email offline_access');
}
