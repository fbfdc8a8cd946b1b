/** What the tools of the bench take and answer: the same whichever way it travels. */

const issueBytes = 20_480;
const pad = (number: number): string => String(number).padStart(6, '0');

/** An echo answers 85 bytes of JSON, whatever the number. */
export const echoReply = (number: number): { echo: string; project: string } => ({
  echo: `call ${pad(number)} ${'x'.repeat(39)}`,
  project: 'crib-bench',
});

export const echoText = (number: number): string => JSON.stringify(echoReply(number));

/** One issue with its comments, as trackers answer it: 20 KB of JSON, all of it ASCII. */
function makeIssue(): object {
  const person = (login: string): object => ({
    login,
    id: login.length * 7919,
    avatar_url: `https://avatars.example/${login}.png`,
    url: `https://api.example/users/${login}`,
    type: 'User',
    site_admin: false,
  });
  const comments: object[] = [];
  const issue = {
    id: 730_421,
    number: 42,
    title: 'Orders with a "gift" line lose their second discount',
    state: 'open',
    user: person('ada'),
    labels: ['bug', 'orders', 'discounts'].map((name, index) => ({ id: index, name, color: 'd73a4a' })),
    created_at: '2026-03-01T10:00:00Z',
    body: 'Steps:\n1. Add two vouchers.\n2. Add a gift.\n\n```\nPOST /orders -> 201, total "37.20"\n```\n',
    comments,
    closing: '',
  };
  const length = (): number => Buffer.byteLength(JSON.stringify(issue));
  for (let at = 0; length() < issueBytes - 700; at += 1) {
    comments.push({
      id: 9_000 + at,
      user: person(['grace', 'linus', 'barbara'][at % 3]!),
      created_at: `2026-03-${String((at % 28) + 1).padStart(2, '0')}T12:00:00Z`,
      body: `I see this too in build ${at}. It says "discount already applied" and then\nthe total is wrong.`,
      reactions: { total: at, plus: at % 5, minus: 0, heart: at % 2 },
    });
  }
  issue.closing = '.'.repeat(issueBytes - length());
  return issue;
}

export const issue = makeIssue();
export const issueText = JSON.stringify(issue);

type Issue = {
  number: number;
  title: string;
  state: string;
  body: string;
  user: { login: string };
  labels: { name: string }[];
  comments: { user: { login: string }; created_at: string }[];
};

/** What `issueMap` leaves of an issue, written out by hand. */
export const cutIssue = (whole: object): object => {
  const { number, title, state, user, labels, body, comments } = whole as Issue;
  return {
    number,
    title,
    state,
    user: { login: user.login },
    labels: labels.map(({ name }) => ({ name })),
    body,
    comments: comments.map((comment) => ({
      user: { login: comment.user.login },
      created_at: comment.created_at,
    })),
  };
};

/** What an author lets through of an issue. */
export const issueMap = [
  'number',
  'title',
  'state',
  'user.login',
  'labels[].name',
  'body',
  'comments[].user.login',
  'comments[].created_at',
];

const echoSchema = {
  type: 'object',
  properties: {
    number: { type: 'integer', minimum: 0, maximum: 999_999, description: 'Comes back.' },
    project: { type: 'string', minLength: 1, maxLength: 40, description: 'Whose echo.' },
    verbose: { type: 'boolean' },
  },
  required: ['number', 'project'],
  additionalProperties: false,
} as const;

const issueSchema = {
  type: 'object',
  properties: {
    project: { type: 'string', minLength: 1, maxLength: 40, description: 'The project of the issue.' },
    number: { type: 'integer', minimum: 1, description: 'The number of the issue.' },
    fields: { type: 'array', items: { type: 'string' }, maxItems: 50 },
  },
  required: ['project', 'number'],
  additionalProperties: false,
} as const;

export const echoTool = { name: 'echo', description: 'Answers what it was sent.', inputSchema: echoSchema };
export const issueTool = { name: 'issue', description: 'One issue, whole.', inputSchema: issueSchema };
/** The same service's tool a second time, to be curated with a response map. */
export const mappedTool = { name: 'mapped', description: 'One issue, cut.', inputSchema: issueSchema };

/** Further tools, so that a list has `count` of them, each about 500 bytes. */
export function listOf(count: number): readonly object[] {
  const tools: object[] = [echoTool, issueTool, mappedTool];
  for (let at = tools.length; at < count; at += 1) {
    tools.push({
      name: `tool_${at}`,
      description: `Reads part ${at} of the service. ${'It answers what is stored. '.repeat(3)}`,
      inputSchema: issueSchema,
      annotations: { readOnlyHint: true },
    });
  }
  return tools;
}

/** The tools as an OpenAPI document of the service at `origin`. */
export function openapiOf(origin: string): object {
  const parameters = [
    { name: 'number', in: 'path', required: true, schema: issueSchema.properties.number },
    { name: 'project', in: 'query', required: true, schema: issueSchema.properties.project },
  ];
  const ok = {
    200: { description: 'As asked.', content: { 'application/json': { schema: { type: 'object' } } } },
  };
  const body = { required: true, content: { 'application/json': { schema: echoSchema } } };
  return {
    openapi: '3.1.0',
    info: { title: 'Tracker', version: '1' },
    servers: [{ url: origin }],
    paths: {
      '/echo': { post: { operationId: 'echo', summary: 'Echo', requestBody: body, responses: ok } },
      '/issues/{number}': { get: { operationId: 'issue', summary: 'Issue', parameters, responses: ok } },
      '/mapped/{number}': { get: { operationId: 'mapped', summary: 'Issue', parameters, responses: ok } },
    },
  };
}
