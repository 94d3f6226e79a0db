// How long and how hard. PROFILE is short (minutes, for every change) or long (hours, for a release). The
// rates leave most of two cores idle that k6, both nodes and Redis share: what is measured is how fast
// answers come, not what the machine can carry.
const profile = __ENV.PROFILE || 'short';
if (!['short', 'long'].includes(profile)) throw new Error(`PROFILE is ${profile}; it can be short or long`);

export const short = profile === 'short';

// seconds is how long a test lasts. Where tokens are minted at its beginning it stays well below the ten
// minutes that they live.
export const seconds = (inShort, inLong) => (short ? inShort : inLong);

// steady begins iterations at a rate per second, however long answers take.
export function steady(rate, lasts, more = {}) {
  return { executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: `${lasts}s`, preAllocatedVUs: 50, maxVUs: 300, ...more };
}

// phones are people who each wait for an answer, pause and go on.
export function phones(count, lasts, more = {}) {
  return { executor: 'constant-vus', vus: count, duration: `${lasts}s`, gracefulStop: '10s', ...more };
}

// always are the thresholds of every test: whatever the load, no answer is wrong and none is missing.
export const always = {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
};

// within bounds how long answers may take, in milliseconds.
export const within = (p95, p99) => [`p(95)<${p95}`, `p(99)<${p99}`];

// prompt is about ten times what an idle machine of two cores takes at these rates, signatures included.
export const prompt = within(25, 100);

// offered has a test fail that could not begin one iteration in a hundred, for want of anybody free.
export const offered = (rate, lasts) => [`count<=${Math.ceil((rate * lasts) / 100)}`];

export const trends = ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'];
