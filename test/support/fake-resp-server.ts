/** A TCP server that pretends to be Redis: answers as told, late, with garbage, or not at all. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * Bytes to write as they are, or one of four words: `ok` is `+OK`, `nil` a missing value, `silence` no answer
 * ever, `hang up` the end of the connection. With `afterMs` it comes late.
 */
export type FakeRespReply =
  string | Buffer | { readonly afterMs: number; readonly reply: string | Buffer }

export interface FakeResp {
  readonly url: string
  readonly port: number
  /** The words of each command received, upper case in the first. */
  readonly commands: readonly (readonly string[])[]
  readonly connections: number
  close(): Promise<void>
}

/** The words of each complete command at the start of the text, and the rest. */
function parseCommands(buffered: string): { commands: string[][]; rest: string } {
  const commands: string[][] = []
  let rest = buffered
  for (;;) {
    const head = /^\*(\d+)\r\n/.exec(rest)
    if (!head) return { commands, rest }
    const words: string[] = []
    let at = head[0].length
    for (let left = Number(head[1]); left > 0; left--) {
      const size = /^\$(\d+)\r\n/.exec(rest.slice(at))
      if (!size) return { commands, rest }
      const from = at + size[0].length
      const to = from + Number(size[1])
      if (rest.length < to + 2) return { commands, rest }
      words.push(rest.slice(from, to))
      at = to + 2
    }
    words[0] = words[0]?.toUpperCase() ?? ''
    commands.push(words)
    rest = rest.slice(at)
  }
}

/**
 * @param script what to answer; undefined: `+OK` for whatever a client says while it connects
 *   (CLIENT, SELECT, AUTH), `+PONG`, a subscription's confirmation, and a missing value for the rest
 */
export async function startFakeResp(
  script: (words: readonly string[], connection: number) => FakeRespReply | undefined = () =>
    undefined,
): Promise<FakeResp> {
  const received: string[][] = []
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let connections = 0

  const answer = (socket: Socket, words: string[], connection: number): void => {
    const reply = script(words, connection) ?? usualReply(words)
    if (typeof reply === 'object' && !Buffer.isBuffer(reply)) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        if (!socket.destroyed) socket.write(reply.reply)
      }, reply.afterMs)
      timers.add(timer)
    } else if (reply === 'hang up') socket.destroy()
    else if (reply === 'ok') socket.write('+OK\r\n')
    else if (reply === 'nil') socket.write('$-1\r\n')
    else if (reply !== 'silence') socket.write(reply)
  }
  const server = createServer((socket) => {
    const connection = ++connections
    let buffered = ''
    sockets.add(socket)
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: string) => {
      const { commands, rest } = parseCommands(buffered + chunk)
      buffered = rest
      for (const words of commands) {
        received.push(words)
        answer(socket, words, connection)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    commands: received,
    get connections() {
      return connections
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function usualReply([command = '', ...words]: readonly string[]): string {
  if (command === 'PING') return '+PONG\r\n'
  if (['CLIENT', 'SELECT', 'AUTH', 'SET'].includes(command)) return '+OK\r\n'
  if (command === 'SUBSCRIBE') {
    return words
      .map((channel, index) => {
        return `*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:${index + 1}\r\n`
      })
      .join('')
  }
  if (['ZADD', 'ZREM', 'UNLINK', 'PUBLISH', 'ZCARD'].includes(command)) return ':0\r\n'
  if (command === 'ZSCAN') return '*2\r\n$1\r\n0\r\n*0\r\n'
  return '$-1\r\n'
}
