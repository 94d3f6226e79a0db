// Services that ask themselves, one token at a time and in batches.
import { introspect, introspectBatch, mint, pick } from './lib/issuer.js';
import { always, seconds, steady, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    single: steady(200, seconds(15, 600), { exec: 'single' }),
    batch: steady(10, seconds(15, 600), { exec: 'batch' }),
  },
  thresholds: { ...always, http_req_duration: within(50, 250), dropped_iterations: ['count<60'] },
};

export const setup = () => mint(50);

export function single(tokens) {
  if (Math.random() < 0.05) {
    introspect('junk', false);
  } else {
    introspect(pick(tokens));
  }
}

export function batch(tokens) {
  introspectBatch(tokens);
}
