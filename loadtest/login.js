// People who sign in through the forms, 5 a second. Each login costs one argon2, about 20 ms of a core, on
// purpose.
import { login } from './lib/issuer.js';
import { always, offered, prompt, seconds, steady, trends, within } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const rate = 5;
const lasts = seconds(15, 300);

export const options = {
  summaryTrendStats: trends,
  scenarios: { people: steady(rate, lasts) },
  thresholds: {
    ...always,
    'http_req_duration{name:pages}': within(150, 400),
    'http_req_duration{name:/token}': prompt,
    dropped_iterations: offered(rate, lasts),
  },
};

export default sure(() => {
  login('openid profile email offline_access');
});
