// Ten times the usual traffic, out of nothing: 60 requests a second, then 600, then 60 again. It may be
// slower while it lasts; no answer may be wrong, and afterwards everything is as before.
import { clientCredentials, mint, pick, validate } from './lib/issuer.js';
import { always, offered, prompt, seconds, steady, trends, within } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const usual = 60;
const lasts = seconds(8, 120);
const from = (phase) => `${phase * lasts}s`;

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    before: steady(usual, lasts),
    spike: steady(10 * usual, lasts, { startTime: from(1), preAllocatedVUs: 200, maxVUs: 600 }),
    after: steady(usual, lasts, { startTime: from(2) }),
  },
  thresholds: {
    ...always,
    'http_req_duration{scenario:before}': prompt,
    'http_req_duration{scenario:spike}': within(200, 800),
    'http_req_duration{scenario:after}': prompt,
    dropped_iterations: offered(12 * usual, lasts),
  },
};

export const setup = () => mint(20);

export default sure((tokens) => {
  if (Math.random() < 0.05) {
    clientCredentials();
  } else {
    validate(pick(tokens));
  }
});
