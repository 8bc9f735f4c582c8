/** Real redis-servers on free loopback ports, to be killed, frozen and started again. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@keyv/redis'

export interface RedisServerOptions {
  /** As Redis takes it, for instance `3mb`; nothing is evicted, so that writes fail when it is full. */
  readonly maxmemory?: string
  readonly password?: string
  /** @default a free one */
  readonly port?: number
  /** A cluster of this one node. @default false */
  readonly cluster?: boolean
  /** Serves TLS only, with these files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Further arguments of redis-server. */
  readonly args?: readonly string[]
}

/** Every method resolves when it has happened. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay, nothing answers. */
  stop(): void
  /** SIGCONT. */
  cont(): void
  /** Starts it again, empty, on the same port; kills it first where it runs. */
  restart(): Promise<void>
  /** Runs one command over a connection of its own. */
  command(...words: string[]): Promise<unknown>
  /** Ends it, also when it is frozen, and removes its files. */
  close(): Promise<void>
}

/** Whether `redis-server` is on PATH. */
export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const READY_MS = 10_000

function argumentsFor(options: RedisServerOptions, port: number, directory: string): string[] {
  const { maxmemory, password, cluster, tls, args = [] } = options
  return [
    ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory],
    ...(tls === undefined
      ? ['--port', String(port)]
      : [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...['--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-ca-cert-file', tls.ca],
        ]),
    ...(maxmemory === undefined
      ? []
      : ['--maxmemory', maxmemory, '--maxmemory-policy', 'noeviction']),
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(cluster === true ? ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] : []),
    ...args,
  ]
}

/** Resolves when it accepts connections, rejects with what it printed when it ends before. */
async function launch(
  args: readonly string[],
  readyText = 'eady to accept connections',
): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const reap = (): void => void child.kill('SIGKILL')
  // A test that fails before it closes its server must not leave it behind.
  process.once('exit', reap)
  child.once('close', () => process.off('exit', reap))
  let printed = ''
  await new Promise<void>((resolve, reject) => {
    const give = (problem: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`redis-server ${problem}:\n${printed}`))
    }
    const timer = setTimeout(give, READY_MS, 'did not get ready')
    const read = (chunk: Buffer): void => {
      printed += chunk.toString()
      if (!printed.includes(readyText)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', () => {
      clearTimeout(timer)
      give('could not be started')
    })
    child.once('exit', () => {
      clearTimeout(timer)
      give('ended at once')
    })
  })
  child.removeAllListeners('exit')
  // Drained and not looked at: a full pipe would block the server.
  child.stdout.removeAllListeners('data').resume()
  child.stderr.removeAllListeners('data').resume()
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** A redis-server of the caller's own; `close` it in the end. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort())
  const directory = mkdtempSync(join(tmpdir(), 'raptorflow-redis-'))
  const args = argumentsFor(options, port, directory)
  const secret = options.password === undefined ? '' : `:${options.password}@`
  const url = `${options.tls ? 'rediss' : 'redis'}://${secret}127.0.0.1:${port}`
  let child: ChildProcess

  const command = async (...words: string[]): Promise<unknown> => {
    const client = createClient({
      url,
      ...(options.tls && { socket: { tls: true, rejectUnauthorized: false } }),
    })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }
  const start = async (): Promise<void> => {
    child = await launch(args)
    if (options.cluster !== true) return
    const owned = (await command('CLUSTER', 'INFO')) as string
    if (owned.includes('cluster_slots_assigned:0')) {
      await command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    }
    while (!((await command('CLUSTER', 'INFO')) as string).includes('cluster_state:ok')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await start()

  return {
    url,
    port,
    get pid() {
      return child.pid!
    },
    kill: () => end(child),
    stop: () => void child.kill('SIGSTOP'),
    cont: () => void child.kill('SIGCONT'),
    async restart() {
      await end(child)
      await start()
    },
    command,
    async close() {
      await end(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A sentinel that watches the given server under the name `main`. */
export async function startSentinel(
  master: RedisServer,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'raptorflow-sentinel-'))
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
  ]
  writeFileSync(file, lines.join('\n'))
  const child = await launch([file, '--sentinel'], 'Sentinel ID is')
  return {
    port,
    async close() {
      await end(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
