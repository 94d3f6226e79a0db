// How long and how hard. PROFILE is short (minutes, for every change) or long (for a release); the rates
// are what two shared cores carry together with k6 itself.
const profile = __ENV.PROFILE || 'short';
if (!['short', 'long'].includes(profile)) throw new Error(`PROFILE is ${profile}; it can be short or long`);

export const short = profile === 'short';

// seconds returns the duration of a test.
export const seconds = (inShort, inLong) => `${short ? inShort : inLong}s`;

// steady sends requests at a rate, however long answers take.
export function steady(rate, duration, more = {}) {
  return { executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration, preAllocatedVUs: 50, maxVUs: 300, ...more };
}

// always are the thresholds of every test: whatever the load, no answer is wrong and none is missing.
export const always = {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
};

// within bounds how long answers may take, in milliseconds.
export const within = (p95, p99) => [`p(95)<${p95}`, `p(99)<${p99}`];

export const trends = ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'];
