// Vercel's AI SDK: text, a stream, a tool, an object and embeddings, over chat completions.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [, , folder, baseURL, apiKey, chat, embedding] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { embedMany, generateObject, generateText, jsonSchema, streamText, tool } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');

const openai = createOpenAI({ baseURL, apiKey });
const model = openai.chat(chat);
const prompt = 'Say hello.';
const city = jsonSchema({
  type: 'object',
  properties: { name: { type: 'string' }, people: { type: 'integer' } },
  required: ['name', 'people'],
  additionalProperties: false,
});

const plain = await generateText({ model, prompt, maxRetries: 0 });
const streaming = streamText({ model, prompt, maxRetries: 0 });
let streamed = '';
for await (const part of streaming.textStream) streamed += part;
const usage = await streaming.usage;
const weather = tool({
  description: 'The weather of a city.',
  inputSchema: jsonSchema({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }),
});
const called = await generateText({
  model,
  prompt: 'The weather in Paris?',
  tools: { weather },
  toolChoice: 'required',
  maxRetries: 0,
});
const { object } = await generateObject({ model, schema: city, prompt: 'Name a city.', maxRetries: 0 });
const { embeddings } = await embedMany({
  model: openai.textEmbeddingModel(embedding),
  values: ['one', 'two'],
  maxRetries: 0,
});
console.log(
  JSON.stringify({
    text: plain.text,
    streamed,
    usage: usage.totalTokens > 0,
    tools: called.toolCalls.map((call) => call.toolName),
    structured: Object.keys(object).sort(),
    dimensions: embeddings[0].length,
  }),
);
