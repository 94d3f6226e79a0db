// Ten times the usual traffic, out of nothing. It may be slower while it lasts; no answer may be wrong, and
// afterwards everything is as before.
import { clientCredentials, mint, pick, validate } from './lib/issuer.js';
import { always, short, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

const usual = 60;
const lasts = short ? 8 : 120;
const from = (phase) => `${phase * lasts}s`;

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    before: steady(usual, `${lasts}s`),
    spike: steady(10 * usual, `${lasts}s`, { startTime: from(1), preAllocatedVUs: 200, maxVUs: 600 }),
    after: steady(usual, `${lasts}s`, { startTime: from(2) }),
  },
  thresholds: {
    ...always,
    'http_req_duration{scenario:before}': within(60, 250),
    'http_req_duration{scenario:spike}': within(1000, 2000),
    'http_req_duration{scenario:after}': within(60, 250),
  },
};

export const setup = () => mint(20);

export default function (tokens) {
  if (Math.random() < 0.05) {
    clientCredentials();
  } else {
    validate(pick(tokens));
  }
}
