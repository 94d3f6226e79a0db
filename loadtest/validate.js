// A gateway that asks about every request: 400 a second, many tokens, a few of them bad.
import { mint, pick, validate } from './lib/issuer.js';
import { always, offered, prompt, seconds, steady, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const rate = 400;
const lasts = seconds(15, 300);

export const options = {
  summaryTrendStats: trends,
  scenarios: { gateway: steady(rate, lasts) },
  thresholds: { ...always, 'http_req_duration{scenario:gateway}': prompt, dropped_iterations: offered(rate, lasts) },
};

export const setup = () => mint(50);

export default sure((tokens) => {
  if (Math.random() < 0.05) {
    validate('junk', 401);
  } else {
    validate(pick(tokens));
  }
});
