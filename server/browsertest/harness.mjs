// What the tests stand on: a fresh `tollgate dev`, an application that waits for the browser to
// come back, and a headless Chromium. Nothing here knows how the pages are made.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const binary = process.env.TOLLGATE_BIN ?? fileURLToPath(new URL('../../bin/tollgate', import.meta.url));
const browsers = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
export const screenshots = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../screenshots/', import.meta.url));
mkdirSync(screenshots, { recursive: true });

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// openBrowser starts the browser that every test shares; each test has its own context.
export async function openBrowser() {
  const path = browsers.find((p) => p && executable(p));
  if (!path) throw new Error('There is no Chromium here: run `make browser`, which installs it, or name one in CHROMIUM.');
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// startTollgate runs the product as a newcomer does, on free ports.
export async function startTollgate() {
  if (!executable(binary)) throw new Error(`There is no ${binary}: run \`make build\` first.`);
  const [port, ops] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ['dev', '--listen', `127.0.0.1:${port}`, '--ops-listen', `127.0.0.1:${ops}`]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  const ended = once(child, 'exit');
  for (const deadline = Date.now() + 10_000; ;) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`tollgate dev does not serve:\n${output}`);
    const answer = await fetch(`${issuer}/readyz`).catch(() => null);
    if (answer?.status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    issuer,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

// startApp is an application on a loopback port: it remembers what browsers bring, and, where it
// has one, sends them on to a page of another origin.
export async function startApp() {
  const app = { came: [], sendOnTo: null };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (url.pathname === '/callback') app.came.push(url.searchParams);
    if (url.pathname === '/callback' && app.sendOnTo) {
      response.writeHead(302, { Location: app.sendOnTo }).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>The app</title><h1>Back in the app</h1>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  app.port = server.address().port;
  app.callback = `http://127.0.0.1:${app.port}/callback`;
  app.stop = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return app;
}

// newSignIn returns the address that begins a sign-in to the demo application, and how to trade
// what comes back.
export function newSignIn(issuer, callback, more = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code', client_id: 'demo-spa', redirect_uri: callback, state,
    scope: 'openid profile email offline_access orders:read',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...more,
  });
  return {
    url: `${issuer}/authorize?${query}`,
    state,
    async redeem(code) {
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'demo-spa', redirect_uri: callback, code, code_verifier: verifier }),
      });
      return { status: answer.status, ...(await answer.json()) };
    },
  };
}
