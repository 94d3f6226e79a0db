// Phones that rotate their refresh token. Some lose the answer and ask again: they must get the identical
// successor, from whichever node answers.
import { check } from 'k6';
import { login, refresh, validate } from './lib/issuer.js';
import { always, seconds, trends, within } from './lib/profile.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: { phones: { executor: 'constant-vus', vus: 8, duration: seconds(15, 600), gracefulStop: '10s' } },
  thresholds: { ...always, 'http_req_duration{name:/token}': within(100, 400) },
};

let current; // this phone's refresh token

export default function () {
  if (!current) {
    const first = login();
    current = first && first.refresh_token;
    return;
  }
  const answer = refresh(current);
  if (answer && Math.random() < 0.1) {
    const again = refresh(current);
    check(again, { 'a retry gets the identical successor': (a) => a && a.refresh_token === answer.refresh_token });
  }
  if (answer && Math.random() < 0.2) validate(answer.access_token);
  current = answer && answer.refresh_token;
}
