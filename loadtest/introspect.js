// Services that ask themselves: 200 tokens a second one at a time, and 10 batches of 50.
import { introspect, introspectBatch, mint, pick } from './lib/issuer.js';
import { always, offered, prompt, seconds, steady, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const rate = { single: 200, batch: 10 };
const lasts = seconds(15, 300);

export const options = {
  summaryTrendStats: trends,
  scenarios: {
    single: steady(rate.single, lasts, { exec: 'single' }),
    batch: steady(rate.batch, lasts, { exec: 'batch' }),
  },
  thresholds: {
    ...always,
    'http_req_duration{scenario:single}': prompt,
    'http_req_duration{scenario:batch}': prompt,
    dropped_iterations: offered(rate.single + rate.batch, lasts),
  },
};

export const setup = () => mint(50);

export const single = sure((tokens) => {
  if (Math.random() < 0.05) {
    introspect('junk', false);
  } else {
    introspect(pick(tokens));
  }
});

export const batch = sure(introspectBatch);
