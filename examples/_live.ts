import { spawn } from 'node:child_process'
import { fakeVendors } from '../src/testing/index.js'
const v = await fakeVendors({ latencyMs: 100 })
const c = spawn('npx', ['tsx', 'examples/quickstart.ts'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    OPENAI_API_KEY: 'a',
    OPENAI_BASE_URL: v.openai.baseURL,
    ANTHROPIC_API_KEY: 'b',
    ANTHROPIC_BASE_URL: v.anthropic.baseURL,
    GEMINI_API_KEY: 'c',
    GOOGLE_GEMINI_BASE_URL: v.google.baseURL,
  },
})
c.on('exit', async (code) => {
  console.log('code', code, v.requests.length, v.hits('openai'))
  await v.close()
})
