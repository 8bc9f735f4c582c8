/** The pino-compatible logger a caller may pass. Types only. */

export interface LogMethod {
  (fields: object, message: string): void
}

export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}
