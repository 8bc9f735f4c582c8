/** The public names of `raptorflow`. */
export { InferenceClient, type PromptOptions } from './client.js'
export type { InferenceClientOptions } from './options.js'
export type { CacheClientOptions } from './cache-options.js'
export {
  ProviderError,
  RaptorflowError,
  type ErrorDetails,
  type ErrorEnvelope,
  type ProviderErrorFacts,
  type ProviderErrorReason,
  type RaptorflowErrorCode,
} from './errors.js'
export { defineProvider, type DefineProviderOptions } from './features/providers/define-provider.js'
export type { CustomAnswer, CustomUsage } from './features/providers/custom-answer.js'
export { jsonSchema } from './util/json-schema.js'
export {
  embedderFrom,
  type EmbedFunction,
  type EmbedderFromOptions,
} from './features/semantic/embedder-from.js'
export type { GuardName, GuardSwitches } from './features/semantic/guards/guards.js'
export type { Judge, SemanticOptions, Verify } from './features/semantic/options.js'
export type { MemoryTierOptions } from './features/cache/memory-tier.js'
export type { WarmingOptions } from './jobs/warming/warming-options.js'
export type {
  CacheEntry,
  CacheTier,
  KeyedEntry,
  MaybePromise,
  SemanticRecord,
  StoredAnswer,
  SubstitutionDegree,
  TierContext,
  TierHealth,
  TierState,
  TierStats,
} from './contracts/cache-tier.js'
export type { LeaseEnd, LeaseStore, Mark, MarkStore } from './contracts/coordination.js'
export type { Embedder } from './contracts/embedder.js'
export type { Clock, Random, Timer } from './contracts/clock.js'
export type { ClientEvents, EventName } from './contracts/events.js'
export type { Logger, LogMethod } from './contracts/logger.js'
export type {
  Model,
  ModelCapabilities,
  ModelOptions,
  ModelPrice,
  PriceSource,
} from './contracts/model.js'
export type {
  Delta,
  FinishReason,
  Offer,
  Provider,
  ProviderAnswer,
  ProviderCall,
  Usage,
} from './contracts/provider.js'
export type {
  AssistantMessage,
  BatchCallOptions,
  BatchProgress,
  BatchRequest,
  CacheRequestOptions,
  CallOptions,
  ContentPart,
  FilePart,
  ImagePart,
  InferenceRequest,
  JsonSchema,
  JsonSchemaFormat,
  Message,
  ResponseFormat,
  StrategyName,
  StrategyTitle,
  SubstitutionPolicy,
  SystemMessage,
  TextPart,
  Tool,
  ToolCall,
  ToolChoice,
  ToolMessage,
  UserMessage,
} from './contracts/request.js'
export type {
  AttemptInfo,
  BatchItemError,
  BatchResponse,
  CacheInfo,
  CacheLevel,
  ClearCacheResponse,
  ErrorBody,
  FeedbackResponse,
  FeedbackVerdict,
  InferenceResponse,
  InvalidateTagsResponse,
  ResponseMetadata,
  RoutingCandidate,
  RoutingInfo,
  RoutingRejection,
  TokenCount,
} from './contracts/response.js'
export type {
  AnalyticsDocument,
  AnalyticsOptions,
  BatchProcessorStats,
  CostStats,
  DeduplicatorStats,
  MemoryTierStats,
  OverallCacheStats,
  PersistentTierStats,
  ProviderEntry,
  ProvidersDocument,
  RedisTierStats,
  StatusDocument,
  WorkerStats,
} from './contracts/stats.js'
export type { SemanticStats } from './contracts/semantic-stats.js'
export type {
  CompleteChunk,
  DataChunk,
  ErrorChunk,
  InferenceStream,
  ProgressChunk,
  ProgressData,
  ProgressDelta,
  StreamChunk,
} from './contracts/stream.js'
export type { WarmItem, WarmRequest, WarmResponse, WarmingReport } from './contracts/warming.js'
