/** What users write their tests with: `raptorflow/testing`. */
export { FakeClock } from './fake-clock.js'
export { mockProvider } from './mock-provider.js'
export type { MockCall, MockProvider, MockProviderOptions } from './mock-provider.js'
export type { MockFault, MockMode } from './mock-provider/mock-faults.js'
export type {
  MockReplies,
  MockReply,
  MockReplyContext,
  MockReplyFunction,
} from './mock-provider/mock-reply.js'
export type { ScriptedAnswer, ScriptedToolCall } from './scripted-answer.js'
export { cacheTierCases } from './cache-tier-cases.js'
export type { CacheTierCase, CacheTierTime } from './cache-tier-cases.js'
export { fakeVendors } from './fake-vendors.js'
export type { FakeVendors, FakeVendorsOptions, VendorAccess } from './fake-vendors.js'
export type { VendorErrorStatus } from './fake-vendors/errors.js'
export type { DownMode, RetryAfter, VendorFault, VendorRule } from './fake-vendors/faults.js'
export type { FilterForm, Vendor, VendorAnswer, VendorRequest } from './fake-vendors/types.js'
