// The servers under test: the real tollgate binary, and a real redis-server where it needs one.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const binary = process.env.TOLLGATE_BIN || fileURLToPath(new URL('../../../../bin/tollgate', import.meta.url))
const patience = 10_000 // milliseconds for a server to come up, and to go down

// The places where a node can keep its state. Each returns the flags for `tollgate dev` and what
// to stop afterwards.
export const stores = {
  memory: async () => ({ flags: [], stop: async () => {} }),
  redis: async () => {
    const address = `127.0.0.1:${await freePort()}`
    const stop = await startRedis(address)
    return { flags: ['--redis', address], stop }
  },
}

// startTollgate runs `tollgate dev` on a store until stop() and resolves once it is ready.
export async function startTollgate(store) {
  const { flags, stop: stopStore } = await stores[store]()
  const listen = `127.0.0.1:${await freePort()}`
  const issuer = `http://${listen}`
  const args = ['dev', '--listen', listen, '--ops-listen', `127.0.0.1:${await freePort()}`, ...flags]
  try {
    const stopNode = await start(binary, args, async () => (await fetch(`${issuer}/readyz`)).ok)
    return { issuer, stop: () => stopNode().finally(stopStore) }
  } catch (error) {
    await stopStore()
    throw error
  }
}

async function startRedis(address) {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-redis-'))
  const port = address.split(':')[1]
  const stop = await start(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', port, '--dir', directory, '--save', '', '--appendonly', 'yes'],
    () => accepts(Number(port)),
  )
  return async () => {
    await stop()
    rmSync(directory, { recursive: true })
  }
}

// start runs a program and resolves, to a function that stops it, once ready() is true. What the
// program said is part of the error if that never happens.
async function start(program, args, ready) {
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(server, 'spawn') // rejects where there is no such program
  const release = guard(server)
  let output = ''
  let gone = null
  server.stdout.on('data', (chunk) => (output += chunk))
  server.stderr.on('data', (chunk) => (output += chunk))
  server.once('exit', (code, signal) => {
    gone = `ended with ${signal ?? code}`
    release()
  })

  for (const deadline = Date.now() + patience; !(await ready().catch(() => false)); await sleep(20)) {
    if (gone || Date.now() > deadline) {
      server.kill('SIGKILL')
      throw new Error(`${program} ${args.join(' ')}: ${gone ?? 'is not ready in time'}\n${output}`)
    }
  }
  return () => stop(server)
}

// guard starts a shell that kills the server if this process dies without releasing it.
function guard(server) {
  const shell = spawn('sh', ['-c', `read line || kill -9 ${server.pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  shell.stdin.unref()
  return () => shell.stdin.end('\n')
}

async function stop(server) {
  if (server.exitCode !== null || server.signalCode !== null) return
  const late = setTimeout(() => server.kill('SIGKILL'), patience)
  server.kill('SIGTERM')
  await once(server, 'exit')
  clearTimeout(late)
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
