/** Tells of cache levels that become ill or well: once for each change, however many calls fail. */
import type { CacheTier } from '../../contracts/cache-tier.js'
import type { Logger } from '../../contracts/logger.js'
import type { TierStateListener } from './tier-health.js'

/** Logs becoming ill and becoming well, and passes every change on. */
export function stateLog(
  logger: Logger,
  listener: TierStateListener | undefined,
): TierStateListener {
  const ill = new Set<CacheTier['level']>()
  return (level, state, reason) => {
    if (state === 'ok') {
      if (ill.delete(level)) logger.info({ level, reason }, 'a cache level is well again')
    } else if (state !== 'probing' && (state === 'off' || !ill.has(level))) {
      ill.add(level)
      logger.warn({ level, state, reason }, 'a cache level failed: it counts as a miss')
    }
    listener?.(level, state, reason)
  }
}
