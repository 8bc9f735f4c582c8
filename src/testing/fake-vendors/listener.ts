/** One port of the fake vendors: it can be taken down, in three ways, and put up again. */
import { createServer } from 'node:http'
import { hangUp } from './exchange.js'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { DownMode } from './faults.js'

const HOST = '127.0.0.1'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export class Listener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #down: DownMode | undefined

  constructor(handler: Handler) {
    this.#server = createServer(handler)
    // The client decides when an idle connection ends: a server that hangs up first races with it.
    this.#server.keepAliveTimeout = 0
    this.#server.requestTimeout = 0
    this.#server.on('connection', (socket) => {
      this.#admit(socket)
    })
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`
  }

  get down(): DownMode | undefined {
    return this.#down
  }

  /** Listens, on the same port as before if there was one. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, HOST, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#server.unref()
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Stops listening and ends every connection. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const stopped = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    await this.#hangUp()
    await stopped
  }

  /** Running requests end with it. */
  async takeDown(how: DownMode): Promise<void> {
    this.#down = how
    if (how === 'refused') {
      await this.stop()
      return
    }
    if (!this.#server.listening) await this.start()
    await this.#hangUp()
  }

  async putUp(): Promise<void> {
    if (this.#down === undefined) return
    this.#down = undefined
    if (!this.#server.listening) await this.start()
    // Requests that hang from the time it was down would hang for ever.
    await this.#hangUp()
  }

  #admit(socket: Socket): void {
    socket.unref()
    // A reset by the client is an event here, not an error to die of.
    socket.on('error', () => undefined)
    // A connection may still come out of the queue after the port was closed.
    if (this.#down === 'closed' || !this.#server.listening) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
    })
  }

  /**
   * A client in this process learns of it in the next turn of the event loop; until then it would
   * send its next request into a connection that is gone.
   */
  async #hangUp(): Promise<void> {
    const sockets = [...this.#sockets]
    for (const socket of sockets) hangUp(socket)
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    )
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
}
