/** Of the two cache packages as much as is measured, so that this folder type-checks before it is installed. */

declare module 'cacheable' {
  export class Cacheable {
    constructor(options: { ttl: string })
    getOrSet<T>(key: string, load: () => Promise<T>): Promise<T | undefined>
    disconnect(): Promise<void>
  }
}

declare module 'bentocache' {
  interface Store {
    useL1Layer(driver: unknown): Store
  }
  export function bentostore(): Store
  export class BentoCache {
    constructor(options: { default: string; stores: { readonly [name: string]: Store } })
    getOrSet<T>(options: { key: string; ttl: string; factory: () => Promise<T> }): Promise<T>
    disconnectAll(): Promise<void>
  }
}

declare module 'bentocache/drivers/memory' {
  export function memoryDriver(options: { maxItems: number; serialize: boolean }): unknown
}
