/** The silent default logger, and the one that RAPTORFLOW_DEBUG=1 switches on. */
import type { LogMethod, Logger } from '../contracts/logger.js'

const silent: LogMethod = () => undefined

const toStderr =
  (level: string): LogMethod =>
  (fields, message) => {
    process.stderr.write(`raptorflow ${level} ${message} ${JSON.stringify(fields)}\n`)
  }

export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent }

const debugLogger: Logger = {
  debug: toStderr('debug'),
  info: toStderr('info'),
  warn: toStderr('warn'),
  error: toStderr('error'),
}

/** The caller's logger behind a guard: a logger that throws must not fail a request. */
function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger): LogMethod =>
    (fields, message) => {
      try {
        // An async function is assignable to one that returns nothing.
        const method: (fields: object, message: string) => unknown = logger[level].bind(logger)
        const returned = method(fields, message)
        if (returned instanceof Promise) returned.catch(() => undefined)
      } catch {
        // Nothing to tell it to.
      }
    }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}

/** The caller's logger, or stderr under RAPTORFLOW_DEBUG=1, or silence. */
export function resolveLogger(logger: Logger | undefined): Logger {
  if (logger) return guardLogger(logger)
  return process.env['RAPTORFLOW_DEBUG'] === '1' ? debugLogger : silentLogger
}
