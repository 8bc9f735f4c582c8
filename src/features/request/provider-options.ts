/** Which vendor body fields a request may not set: no request names an endpoint, header or key. */
import type { ParsedRequest } from '../../contracts/request.js'
import { dotted, Violation } from './violation.js'

/** Without case, `_` and `-`, so that one entry covers `baseURL`, `base_url` and `base-url`. */
const PROTECTED = new Set([
  // Where the call goes, and as whom.
  ...['baseurl', 'baseuri', 'url', 'uri', 'host', 'hostname', 'port', 'path', 'endpoint'],
  ...['apiendpoint', 'apibase', 'apihost', 'apiversion', 'proxy', 'httpagent', 'httpsagent'],
  ...['headers', 'header', 'defaultheaders', 'extraheaders', 'httpoptions', 'requestoptions'],
  ...[
    'query',
    'defaultquery',
    'extraquery',
    'extrabody',
    'body',
    'method',
    'fetch',
    'fetchoptions',
  ],
  ...[
    'key',
    'apikey',
    'xapikey',
    'xgoogapikey',
    'adminapikey',
    'accesstoken',
    'authtoken',
    'token',
  ],
  ...['authorization', 'auth', 'bearer', 'credentials', 'password', 'secret', 'webhook'],
  ...['organization', 'project', 'mcpservers', 'abortsignal', 'signal', 'timeout', 'maxretries'],
  // Fields that a vendor's SDK sends as headers.
  ...['betas', 'workspaceid', 'userprofileid'],
  // What the call itself says.
  ...['model', 'models', 'messages', 'prompt', 'input', 'contents', 'content', 'system'],
  ...['systeminstruction', 'instructions', 'config', 'generationconfig', 'stream', 'streamoptions'],
  ...['temperature', 'topp', 'maxtokens', 'maxcompletiontokens', 'maxoutputtokens', 'stop'],
  ...['stopsequences', 'seed', 'tools', 'toolchoice', 'toolconfig', 'functions', 'functioncall'],
  ...['responseformat', 'responsemimetype', 'responseschema', 'responsejsonschema', 'outputformat'],
  // More answers than the one that is read and paid for.
  ...['n', 'bestof', 'candidatecount'],
])

/** Google's body keeps its sampling settings one level down, beside thinkingConfig and the like. */
const NESTED = 'generationConfig'

/**
 * Looks at the first level of each provider's object, and into `generationConfig`.
 * @throws Violation `forbidden_key` at a field that the call or the client's configuration decides
 */
export function assertBodyOnly(options: NonNullable<ParsedRequest['provider_options']>): void {
  for (const [provider, fields] of Object.entries(options)) {
    assertFields(['provider_options', provider], fields)
    const nested = fields[NESTED]
    if (typeof nested === 'object' && nested !== null) {
      assertFields(['provider_options', provider, NESTED], nested)
    }
  }
}

function assertFields(path: readonly string[], fields: object): void {
  for (const name of Object.keys(fields)) {
    if (name === NESTED || !PROTECTED.has(name.replace(/[^A-Za-z0-9]/g, '').toLowerCase())) continue
    const field = dotted([...path, name])
    throw new Violation(
      field,
      'forbidden_key',
      `Expected \`provider_options\` to hold extra body fields only, got \`${field}\`. Endpoints, headers and keys belong to the provider's constructor, the call's own parameters to the request's fields`,
    )
  }
}
