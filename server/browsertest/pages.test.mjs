// The pages as people meet them. Every test has a server, an application and a browser profile of
// its own, and ends by asking that the browser complained about nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import { newSignIn, openBrowser, screenshots, startApp, startTollgate } from './harness.mjs';

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

const desktop = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

// story runs a test that gets a page, a sign-in that waits to be begun, and the application.
function story(name, options, tell) {
  test(name, async () => {
    const [tollgate, app] = await Promise.all([startTollgate(), startApp()]);
    const context = await browser.newContext({ ...desktop, ...options });
    try {
      const page = await context.newPage();
      const complaints = watch(page, [tollgate.issuer, `http://127.0.0.1:${app.port}`, `http://localhost:${app.port}`]);
      const signIn = newSignIn(tollgate.issuer, app.callback);
      await tell({ page, app, signIn, issuer: tollgate.issuer, context });
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
      await Promise.all([tollgate.stop(), app.stop()]);
    }
  });
}

// watch collects what must not happen: a broken policy, a script's error, a request to a stranger.
function watch(page, origins) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A page that refuses is a 4xx, which Chromium notes as a failed load.
    if (message.type() === 'error' && !/a status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && !origins.some((origin) => url.startsWith(`${origin}/`))) complaints.push(`a request to ${url}`);
  });
  return complaints;
}

// enter signs alice in, from the login page on.
async function enter(page, password = 'alice-password') {
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function toConsent(page, signIn) {
  await page.goto(signIn.url);
  await enter(page);
  await page.getByRole('button', { name: 'Allow' }).waitFor();
}

const backInApp = (page) => page.getByRole('heading', { name: 'Back in the app' }).waitFor();

// focused returns what the keyboard would act on, by id or words.
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  return e.id || e.textContent.trim();
});

// shoot keeps a picture for people to look at.
const shoot = (page, name) => page.screenshot({ path: `${screenshots}/${name}.png` });

// assertAccessible runs axe, best practices included.
async function assertAccessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  assert.deepEqual(found, [], where);
}

async function assertFits(page, where) {
  const { inner, content } = await page.evaluate(() => ({ inner: innerWidth, content: document.documentElement.scrollWidth }));
  assert.ok(content <= inner, `${where}: ${content} px of content in ${inner} px`);
}

describe('signing in', () => {
  story('works with the keyboard alone, and without JavaScript', { javaScriptEnabled: false }, async ({ page, app, signIn, issuer }) => {
    await page.goto(signIn.url);
    await page.keyboard.type('alice'); // the first field has the focus
    await page.keyboard.press('Tab');
    await page.keyboard.type('alice-password');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Demo app/ }).waitFor();
    for (const name of ['Not you?', 'Deny', 'Allow']) {
      await page.keyboard.press('Tab');
      assert.equal(await focused(page), name);
    }
    await page.keyboard.press('Enter');
    await backInApp(page);
    assert.equal(app.came.length, 1);
    const [params] = app.came;
    assert.equal(params.get('state'), signIn.state);
    assert.equal(params.get('iss'), issuer);
    const tokens = await signIn.redeem(params.get('code'));
    assert.equal(tokens.status, 200);
    assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token);
  });

  story('keeps the name after a wrong password, says so, and waits in the password', {}, async ({ page, app, signIn }) => {
    await page.goto(signIn.url);
    await enter(page, 'not-her-password');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await alert.textContent(), /Wrong username or password/);
    assert.equal(await page.getByLabel('Username').inputValue(), 'alice');
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    assert.equal(await focused(page), 'password');
    assert.equal(await page.getByLabel('Password').getAttribute('aria-describedby'), await alert.getAttribute('id'));
    await shoot(page, 'login-wrong');
    await assertAccessible(page, 'after a wrong password');
    await page.keyboard.type('alice-password');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    assert.ok(app.came[0].get('code'));
  });

  story('slows down who guesses', {}, async ({ page, signIn }) => {
    await page.goto(signIn.url);
    for (let i = 0; i < 11; i++) await enter(page, `guess-${i}`);
    assert.match(await page.getByRole('alert').textContent(), /Too many attempts\. Wait \d+ seconds?/);
    assert.equal(await page.getByLabel('Username').inputValue(), 'alice');
    await shoot(page, 'login-throttled');
  });

  story('is kept, so that the next application only asks for consent', {}, async ({ page, app, signIn }) => {
    await toConsent(page, signIn);
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    await page.goto(signIn.url);
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    assert.equal(new Set(app.came.map((params) => params.get('code'))).size, 2);
  });

  story('lets somebody else sign in instead', {}, async ({ page, signIn }) => {
    await toConsent(page, signIn);
    await page.getByRole('link', { name: 'Not you?' }).click();
    assert.equal(await focused(page), 'username');
    await enter(page);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
  });
});

describe('consent', () => {
  story('that is denied is told to the application, with no code', {}, async ({ page, app, signIn, issuer }) => {
    await toConsent(page, signIn);
    await page.getByRole('button', { name: 'Deny' }).click();
    await backInApp(page);
    const [params] = app.came;
    assert.equal(params.get('error'), 'access_denied');
    assert.equal(params.get('state'), signIn.state);
    assert.equal(params.get('iss'), issuer);
    assert.equal(params.get('code'), null);
  });

  story('that is clicked twice gives exactly one code, and it works', {}, async ({ page, app, signIn }) => {
    await toConsent(page, signIn);
    await page.getByRole('button', { name: 'Allow' }).dblclick();
    await backInApp(page);
    const codes = new Set(app.came.map((params) => params.get('code')));
    assert.equal(codes.size, 1);
    assert.equal((await signIn.redeem([...codes][0])).status, 200);
  });

  story('also ends at an application that sends the browser on to another origin', {}, async ({ page, app, signIn }) => {
    app.sendOnTo = `http://localhost:${app.port}/home`;
    await toConsent(page, signIn);
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    assert.equal(page.url(), app.sendOnTo);
  });

  story('survives the back button', {}, async ({ page, app, signIn }) => {
    await toConsent(page, signIn);
    await page.goBack(); // to the login page, which has nothing left to ask
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    await page.goBack(); // to the consent page, which was answered
    await backInApp(page);
    assert.equal(new Set(app.came.map((params) => params.get('code'))).size, 1);
  });

  story('of a copied address opens nothing in another browser, and says what to do', {}, async ({ page, signIn }) => {
    await toConsent(page, signIn);
    const stranger = await browser.newContext(desktop);
    const theirs = await stranger.newPage();
    assert.equal((await theirs.goto(page.url())).status(), 403);
    await shoot(theirs, 'error-other-browser');
    await assertAccessible(theirs, 'an address of another browser');
    await theirs.getByRole('link', { name: 'Sign in' }).click();
    await theirs.getByLabel('Username').waitFor();
    await stranger.close();
  });
});

describe('signing out', () => {
  story('asks first, and is done', {}, async ({ page, signIn, issuer }) => {
    await toConsent(page, signIn);
    await page.goto(`${issuer}/login`);
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
    await shoot(page, 'signed-in');
    await assertAccessible(page, 'signed in');
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
    await shoot(page, 'logout');
    await assertAccessible(page, 'the question');
    await page.getByRole('link', { name: 'Stay signed in' }).click();
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await shoot(page, 'signed-out');
    await assertAccessible(page, 'signed out');
    await page.goBack();
    assert.equal(await page.getByText('alice').count(), 0);
  });

  story('leads back to the application that asked', {}, async ({ page, app, signIn, issuer }) => {
    await toConsent(page, signIn);
    await page.getByRole('button', { name: 'Allow' }).click();
    await backInApp(page);
    const tokens = await signIn.redeem(app.came[0].get('code'));
    const query = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `http://127.0.0.1:${app.port}/`, state: 'bye' });
    await page.goto(`${issuer}/logout?${query}`);
    await backInApp(page);
    assert.equal(page.url(), `http://127.0.0.1:${app.port}/?state=bye`);
    await page.goto(`${issuer}/login`);
    await page.getByLabel('Username').waitFor();
  });

  story('that an application asks for without proof leads back after the question', {}, async ({ page, app, signIn, issuer }) => {
    await toConsent(page, signIn);
    const query = new URLSearchParams({ client_id: 'demo-spa', post_logout_redirect_uri: `http://127.0.0.1:${app.port}/` });
    await page.goto(`${issuer}/logout?${query}`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await backInApp(page);
  });
});

for (const [look, options] of Object.entries({
  'on a desktop': {},
  'on a desktop in the dark': { colorScheme: 'dark' },
  'on a phone': phone,
  'on a phone in the dark': { ...phone, colorScheme: 'dark' },
  'on the narrowest screen': { viewport: { width: 320, height: 568 } },
})) {
  story(`every page fits and is accessible ${look}`, options, async ({ page, signIn, issuer }) => {
    const name = look.replaceAll(' ', '-');
    const check = async (which) => {
      await page.waitForTimeout(150); // transitions end, so that axe sees the colours that stay
      await shoot(page, `${which}-${name}`);
      await assertFits(page, which);
      await assertAccessible(page, which);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const [red] = background.match(/\d+/g).map(Number);
      assert.equal(red < 128, options.colorScheme === 'dark', `${which}: ${background}`);
      for (const target of await page.locator('button, .button, input:not([type=hidden])').all()) {
        const box = await target.boundingBox();
        assert.ok(box.height >= 44, `${which}: a finger does not fit a target of ${box.height} px`);
      }
    };
    await page.goto(signIn.url);
    await check('login');
    await enter(page, 'not-her-password');
    await page.getByRole('alert').waitFor();
    await check('login-wrong');
    await enter(page);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await check('consent');
    await page.goto(`${issuer}/logout`);
    await check('logout');
    assert.equal((await page.goto(`${issuer}/authorize?client_id=nobody`)).status(), 400);
    await check('error');
  });
}
