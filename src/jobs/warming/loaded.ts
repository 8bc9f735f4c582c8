/** What is loaded together, when somebody asks for warming. */
export { createDemandForecast } from './demand-forecast.js'
export { createWarmer } from './warmer.js'
