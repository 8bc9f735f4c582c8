/** One request and its response: writing it, breaking it, and knowing who broke it. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

// So that a connection we end is not taken for the client's doing.
const endedHere = new WeakSet<Socket>()

/** Closes a connection; what was written before still arrives. */
export function hangUp(socket: Socket): void {
  endedHere.add(socket)
  socket.destroy()
}

/** Writing never fails: to a connection that is gone it does nothing. */
export class Exchange {
  readonly #response: ServerResponse
  readonly #gone = new AbortController()
  readonly #closed: Promise<void>
  readonly #socket: Socket

  /** @param onClientClosed called when the client closes the connection before the answer is out */
  constructor(response: ServerResponse, socket: Socket, onClientClosed: () => void) {
    this.#response = response
    this.#socket = socket
    this.#closed = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished && !endedHere.has(socket)) onClientClosed()
        this.#gone.abort()
        resolve()
      })
    })
  }

  /** Aborted when the connection is closed, by whomever. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Resolves when the connection is closed. */
  closed(): Promise<void> {
    return this.#closed
  }

  /** Sends the headers now, before any body. */
  open(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.gone.aborted) return
    this.#response.writeHead(status, headers)
    this.#response.flushHeaders()
  }

  /** Resolves when the bytes are handed to the system, or nobody can receive them any more. */
  async write(text: string): Promise<void> {
    if (this.gone.aborted || text === '') return
    const flushed = new Promise<void>((resolve) => {
      this.#response.write(text, () => {
        resolve()
      })
    })
    await Promise.race([flushed, this.#closed])
  }

  end(): void {
    if (!this.gone.aborted) this.#response.end()
  }

  /** A whole answer with its length. */
  send(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    if (this.gone.aborted) return
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    this.#response.end(body)
  }

  hangUp(): void {
    hangUp(this.#socket)
  }

  /** Resets the connection (RST). */
  reset(): void {
    endedHere.add(this.#socket)
    this.#socket.resetAndDestroy()
  }
}
