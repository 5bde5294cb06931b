// Makes calls of the official npm package `openai` for the driver node-sdk.
// One JSON line in is one call, one JSON line out is what came of it, in any order:
//   {"id":1,"baseURL":...,"key":...,"call":{"method":"chat.completions.create",...},"options":{...}}
//   {"id":1,"view":{"call":...,"outcome":"returned","value":...,"error":null,"extra":{...}}}
//   {"id":1,"skip":"the reason why no call could be made"}
// The package is looked for in the folder that the first argument names.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MOST_PAGES = 12;
const PLACE = join(process.argv[2] ?? process.cwd(), 'package.json');
const require = createRequire(PLACE);
const { makeParseableResponseFormat } = require('openai/lib/parser');
const { OpenAI, toFile } = await import(pathToFileURL(require.resolve('openai')).href);
const VERSION = JSON.parse(
  readFileSync(join(process.argv[2] ?? '.', 'node_modules/openai/package.json'), 'utf8'),
).version;

class Skip extends Error {}

// A result as JSON: class instances become plain objects, bytes a digest.
function dumped(value, depth = 0) {
  if (depth > 200) return '…';
  if (value === undefined) return null;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.toWellFormed ? value.toWellFormed() : value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof ArrayBuffer) value = new Uint8Array(value);
  if (value instanceof Uint8Array) {
    return { bytes: value.length, sha256: createHash('sha256').update(value).digest('hex') };
  }
  if (ArrayBuffer.isView(value)) value = Array.from(value);
  if (Array.isArray(value)) return value.map((item) => dumped(item, depth + 1));
  if (typeof value === 'object') {
    const kept = {};
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined && typeof item !== 'function') kept[key] = dumped(item, depth + 1);
    }
    return kept;
  }
  return String(value).slice(0, 500);
}

// An exception: class names from the most special on, and what client code reads from it.
function errorView(error) {
  const classes = [];
  let proto = Object.getPrototypeOf(error ?? {});
  for (; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
    classes.push(proto.constructor?.name ?? 'Error');
  }
  const view = {
    classes: classes.length ? classes : [typeof error],
    library: classes.includes('OpenAIError') ? 'openai' : 'node',
    message: dumped(String(error?.message ?? error)),
    status_code: dumped(error?.status),
    code: dumped(error?.code),
    param: dumped(error?.param),
    type: dumped(error?.type),
    request_id: dumped(error?.requestID),
    body: dumped(error?.error),
  };
  if (error?.cause) view.cause = dumped(`${error.cause.name ?? 'Error'}: ${error.cause.message}`);
  return view;
}

function client({ baseURL, key, call, options }) {
  if (options.bare) {
    Object.assign(process.env, { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseURL });
    try {
      const made = new OpenAI();
      if (options.max_retries != null) made.maxRetries = options.max_retries;
      return made;
    } finally {
      delete process.env.OPENAI_API_KEY;
      delete process.env.OPENAI_BASE_URL;
    }
  }
  const given = { baseURL, apiKey: key, logLevel: 'off', defaultHeaders: call.headers };
  if (options.max_retries != null) given.maxRetries = options.max_retries;
  if (options.timeout != null) given.timeout = options.timeout * 1000;
  return new OpenAI(given);
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

// The resource that holds a method, also where an older major keeps it below `beta`.
function found(root, method) {
  const parts = method.split('.').map(camel);
  const name = parts.pop();
  for (const prefix of [[], ['beta']]) {
    let owner = root;
    for (const part of [...prefix, ...parts]) owner = owner?.[part];
    if (typeof owner?.[name] === 'function') return (...given) => owner[name](...given);
  }
  throw new Skip(`this version of the client library has no ${method}`);
}

async function files(value) {
  if (Array.isArray(value)) return Promise.all(value.map(files));
  if (value === null || typeof value !== 'object') return value;
  if ('$file' in value) {
    const [name, data, type] = value.$file;
    return toFile(Buffer.from(data, 'base64'), name, { type });
  }
  const entries = Object.entries(value).map(async ([key, item]) => [key, await files(item)]);
  return Object.fromEntries(await Promise.all(entries));
}

// A JSON schema as response format, as the library's own `zodResponseFormat` makes one.
function parseable(call, body) {
  if (!/\.(parse|stream)$/.test(call.method) || body?.response_format?.type !== 'json_schema') {
    return body;
  }
  const made = makeParseableResponseFormat(body.response_format, (text) => JSON.parse(text));
  return { ...body, response_format: made };
}

// The promise of a call. Path arguments go first, as the library takes them: with several, the
// last one stands alone and the others join the parameters.
function begin(openai, call, body) {
  if (!call.method) {
    const options = {};
    const verb = openai[call.verb.toLowerCase()];
    if (!verb) throw new Skip(`the client library has no way to send ${call.verb}`);
    if (call.verb !== 'GET' && call.body !== null) options.body = body;
    if (Object.keys(call.query).length) options.query = call.query;
    return verb.call(openai, call.path, options);
  }
  const raw = call.method.includes('with_raw_response.');
  const method = found(openai, call.method.replace('with_raw_response.', ''));
  const names = Object.keys(call.ids);
  const last = names.pop();
  const given = last === undefined ? [] : [call.ids[last]];
  const others = Object.fromEntries(names.map((name) => [name, call.ids[name]]));
  const params = { ...others, ...call.query, ...(body ?? {}) };
  if (Object.keys(params).length || call.body !== null) given.push(params);
  const promise = method(...given);
  promise.$raw = raw;
  return promise;
}

async function helper(openai, call, body, seen) {
  const stream = found(openai, call.method)(body);
  seen.extra.type = stream.constructor.name;
  seen.extra.events = [];
  for await (const event of stream) seen.extra.events.push(String(event.type ?? 'chunk'));
  const final = stream.finalChatCompletion ?? stream.finalResponse;
  const result = await final.call(stream);
  seen.value = dumped(result);
  if (typeof result?.output_text === 'string') seen.extra.output_text = dumped(result.output_text);
}

async function take(openai, call, options, seen) {
  const body = parseable(call, await files(call.body));
  if (call.helper) return helper(openai, call, body, seen);
  const promise = begin(openai, call, body);
  const { data: result, response } = await promise.withResponse();
  const id = response.headers.get('x-request-id');
  if (promise.$raw) Object.assign(seen.extra, { status: response.status, raw_request_id: id });
  seen.extra.type = result?.constructor?.name ?? typeof result;
  seen.extra._request_id = dumped(result?._request_id);
  if (result && typeof result === 'object' && result.controller && Symbol.asyncIterator in result) {
    seen.value = [];
    seen.extra._request_id = id;
    for await (const chunk of result) seen.value.push(dumped(chunk));
  } else if (options.paginate && typeof result?.iterPages === 'function') {
    seen.value = [];
    let pages = 0;
    for await (const page of result.iterPages()) {
      seen.extra.pages = ++pages;
      seen.value.push(...dumped(page.getPaginatedItems()));
      if (pages >= MOST_PAGES) {
        seen.extra.endless = true;
        return;
      }
    }
  } else if (typeof result?.arrayBuffer === 'function') {
    seen.value = dumped(await result.arrayBuffer());
  } else if (typeof result?.getPaginatedItems === 'function') {
    const { options: _options, response: _response, body: _body, ...page } = result;
    seen.value = dumped(page);
    seen.extra.items = result.getPaginatedItems().length;
  } else {
    seen.value = dumped(result);
    if (typeof result?.output_text === 'string') seen.extra.output_text = dumped(result.output_text);
  }
}

async function answer(line) {
  const { id, call, options } = line;
  const seen = { value: null, extra: {} };
  const began = performance.now();
  let outcome = 'returned';
  let error = null;
  try {
    for (const name of Object.keys(process.env)) {
      if (/^(OPENAI_|AZURE_OPENAI_)/.test(name)) delete process.env[name];
    }
    Object.assign(process.env, options.environment);
    const openai = client(line); // it reads the environment when it is made, and never again
    for (const name of Object.keys(options.environment)) delete process.env[name];
    await take(openai, call, options, seen);
  } catch (raised) {
    if (raised instanceof Skip) return say({ id, skip: raised.message });
    outcome = 'raised';
    error = errorView(raised);
  }
  seen.extra.elapsed = Number(((performance.now() - began) / 1000).toFixed(6));
  const view = { call: call.name, outcome, value: seen.value, error, extra: seen.extra };
  return say({ id, view });
}

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

// an exception that no call awaits must not end the process that serves the others
process.on('unhandledRejection', () => {});
process.on('uncaughtException', () => {});
say({ ready: VERSION, node: process.version });
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim()) void answer(JSON.parse(line));
}
process.exit(0);
