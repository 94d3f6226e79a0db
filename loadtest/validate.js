// A gateway that asks about every request: many tokens, a few of them bad.
import { mint, pick, validate } from './lib/issuer.js';
import { always, seconds, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: { gateway: steady(400, seconds(15, 600)) },
  thresholds: { ...always, http_req_duration: within(50, 250), dropped_iterations: ['count<60'] },
};

export const setup = () => mint(50);

export default function (tokens) {
  if (Math.random() < 0.05) {
    validate('junk', 401);
  } else {
    validate(pick(tokens));
  }
}
