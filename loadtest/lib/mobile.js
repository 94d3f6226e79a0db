// What the backend of a mobile application sees: mostly validation, some refreshes, few logins, and now
// and then a logout, after which no node takes the token any more.
import { sleep } from 'k6';
import { introspect, login, refresh, refusedEverywhere, revoke, validate } from './issuer.js';

let session; // of this phone: {access_token, refresh_token}

export function phone() {
  if (!session) {
    sleep(2 * Math.random()); // not everybody signs in at once
    session = login();
    return;
  }
  for (let request = 0; request < 15; request++) validate(session.access_token);
  if (Math.random() < 0.2) introspect(session.access_token);
  if (Math.random() < 0.03) {
    revoke(session.refresh_token);
    refusedEverywhere(session.access_token);
    session = undefined;
  } else {
    session = refresh(session.refresh_token);
  }
  sleep(0.5 + Math.random());
}
