// Ten phones of a mobile backend for a long time. Neither memory nor goroutines may grow with it.
import http from 'k6/http';
import { check } from 'k6';
import { phone } from './lib/mobile.js';
import { always, phones, prompt, seconds, short, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

const ops = (__ENV.OPS || '').split(',').filter(Boolean);
const mostGrowth = short ? 3 : 1.5; // a short run is mostly caches that fill

export const options = {
  summaryTrendStats: trends,
  scenarios: { phones: phones(10, seconds(20, 4 * 3600)) },
  thresholds: { ...always, 'http_req_duration{name:/validate}': prompt, 'http_req_duration{name:/token}': prompt },
};

// gauges reads what may not grow, per node.
function gauges() {
  return ops.map((address) => {
    const text = http.get(`${address}/metrics`).body;
    const gauge = (name) => Number((new RegExp(`^${name} (\\S+)$`, 'm').exec(text) || [])[1]);
    return { memory: gauge('process_resident_memory_bytes'), goroutines: gauge('go_goroutines') };
  });
}

export const setup = gauges;

export default sure(phone);

export function teardown(before) {
  gauges().forEach((now, i) => {
    check(now, {
      'memory does not grow': (g) => g.memory < mostGrowth * before[i].memory + 64 * 1024 * 1024,
      'goroutines do not pile up': (g) => g.goroutines < before[i].goroutines + 600,
    });
  });
}
