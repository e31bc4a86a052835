import type { Lie } from '../lie.ts'

const gate = 'evolution'
const contract = 'openapi.yaml'

const FROM =
  '        from:\n          type: array\n          description: The tags to replace; case does not matter.\n' +
  '          minItems: 1\n' +
  "          maxItems: 32\n          items: { $ref: '#/components/schemas/Tag' }\n          examples: [[todo, to do]]\n"
const TO = "        to: { $ref: '#/components/schemas/Tag' }\n"

/** Each hardly changes requests and replies, but breaks what clients were built on. */
export const lies: readonly Lie[] = [
  {
    title: 'an operation moves to another tag',
    gate,
    file: contract,
    from: 'operationId: listTags\n      tags: [tags]',
    to: 'operationId: listTags\n      tags: [notes]',
  },
  { title: 'a declared tag has another name', gate, file: contract, from: '- name: history', to: '- name: versions' },
  {
    title: 'the document has another title',
    gate,
    file: contract,
    from: '  title: Notes API\n',
    to: '  title: Notes Server API\n',
  },
  {
    title: 'two parameters of a list swap places',
    gate,
    file: contract,
    from: "        - $ref: '#/components/parameters/Limit'\n        - $ref: '#/components/parameters/ChangesCursor'\n",
    to: "        - $ref: '#/components/parameters/ChangesCursor'\n        - $ref: '#/components/parameters/Limit'\n",
  },
  {
    title: 'two fields of a request swap places',
    gate,
    file: contract,
    from: `${FROM}${TO}`,
    to: `${TO}${FROM}`,
  },
  {
    title: 'the names of two orders are swapped',
    gate,
    file: contract,
    from: 'UpdatedAtDescending, Title, TitleDescending]',
    to: 'UpdatedAtDescending, TitleDescending, Title]',
  },
  {
    title: 'the name of an order says something else',
    gate,
    file: contract,
    from: '[CreatedAt, CreatedAtDescending,',
    to: '[CreatedAt, NewestFirst,',
  },
  {
    title: 'a failure has the problem type of another one',
    gate,
    file: contract,
    from: 'type: /problems/too-many-api-keys',
    to: 'type: /problems/email-taken',
  },
  {
    title: 'the server gives a problem type another status',
    gate,
    file: 'src/http/problem-kinds.ts',
    from: "'registration-closed': {\n    status: 403,",
    to: "'registration-closed': {\n    status: 409,",
  },
  {
    title: 'an operation replies with another shared response of the same form',
    gate,
    file: contract,
    from: "'409': { $ref: '#/components/responses/TooManyApiKeys' }",
    to: "'409': { $ref: '#/components/responses/InFlight' }",
  },
  {
    title: 'a link from what was created is gone',
    gate,
    file: contract,
    from:
      '            patchNote:\n              operationId: patchNote\n' +
      '              description: Change some fields of the note, unless it has changed since.\n' +
      '              parameters: { note_id: $response.body#/id, If-Match: $response.header.ETag }\n',
    to: '',
  },
  {
    title: 'a parameter is deprecated without its dates',
    gate,
    file: contract,
    from: '      name: skip\n      in: query\n',
    to: '      name: skip\n      in: query\n      deprecated: true\n',
  },
  {
    title: 'a field is deprecated with a sunset too early',
    gate,
    file: contract,
    from: '          description: Whether to delete all API keys too.\n',
    to:
      '          description: Whether to delete all API keys too.\n          deprecated: true\n' +
      "          x-deprecated-since: '2026-12-01'\n          x-sunset: '2027-01-01'\n",
  },
  {
    title: 'a list of a reply becomes a set in generated code',
    gate,
    file: contract,
    from: '          description: The tags it had.\n',
    to: '          description: The tags it had.\n          uniqueItems: true\n',
  },
  {
    title: 'a released contract is edited',
    gate,
    file: 'tests/contract/released/1.0.0.yaml',
    from: 'schema: { type: integer, format: int32, minimum: 1, maximum: 3600 }',
    to: 'schema: { type: integer, format: int32, minimum: 1, maximum: 60 }',
  },
  {
    title: 'the recording of a released contract is edited',
    gate,
    file: 'tests/contract/released/1.0.0.requests.json',
    from: '"body":"token={{a*2000}}","status":200',
    to: '"body":"token={{a*2000}}","status":422',
  },
]
