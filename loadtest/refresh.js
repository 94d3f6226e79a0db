// Twenty phones that rotate their refresh token about three times a second. Some lose the answer and ask
// again: they must get the identical successor, from whichever node answers.
import { check, sleep } from 'k6';
import { login, refresh, validate } from './lib/issuer.js';
import { always, phones, prompt, seconds, trends } from './lib/profile.js';
import { sure } from './lib/sure.js';
export { handleSummary } from './lib/summary.js';

export const options = {
  summaryTrendStats: trends,
  scenarios: { phones: phones(20, seconds(15, 300)) },
  thresholds: { ...always, 'http_req_duration{name:/token}': prompt, 'http_req_duration{name:/validate}': prompt },
};

let current; // this phone's refresh token

export default sure(() => {
  if (!current) {
    sleep(2 * Math.random()); // not everybody signs in at once
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
  sleep(0.2 + 0.2 * Math.random());
});
