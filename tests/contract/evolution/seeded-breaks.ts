/** One table of many rows, therefore longer than other files. */
import type { Impact } from './changes.ts'
import {
  appended,
  both,
  copied,
  deprecated,
  type Edit,
  having,
  moved,
  renamedSchema,
  without,
} from './edit-document.ts'
import { namingRows } from './seeded-names.ts'

/** A change that is easily made to openapi.yaml, and how the comparison must rate it. */
interface SeededBreak {
  readonly impact: Impact
  readonly title: string
  readonly seed: Edit
  /** The beginning of the finding: rule and place. */
  readonly finds: string
}

const SCHEMAS = '/components/schemas'
const NOTE = '/components/schemas/Note'
const CREATE = '/components/schemas/NoteCreate'
const NOTICE = '/components/schemas/ChangeNotice'
const REASON = '/components/schemas/StreamEnd/properties/reason'
const EVENTS = '/paths/~1changes~1stream/get/responses/200/content/text~1event-stream/x-events'
const LIST = '/paths/~1notes/get'

export type Row = readonly [impact: Impact, title: string, seed: Edit, finds: string]

const rows: readonly Row[] = [
  // Operations.
  ['major', 'an operation is removed', without('/paths/~1tags/get'), 'operation-removed listTags'],
  [
    'major',
    'an operation is renamed',
    having('/paths/~1tags/get/operationId', 'getTags'),
    'operation-renamed listTags',
  ],
  ['major', 'a path is renamed', moved('/paths/~1tags', '/paths/~1labels'), 'address-changed listTags'],
  [
    'major',
    'a path parameter is renamed',
    having('/components/parameters/NoteId/name', 'id'),
    'parameter-removed getNote path note_id',
  ],
  [
    'minor',
    'an operation is added',
    copied('/paths/~1tags/get', '/paths/~1labels/get', { operationId: 'listLabels' }),
    'operation-added listLabels',
  ],
  ['minor', 'an operation is deprecated', deprecated('/paths/~1tags/get', '2027-06-30'), 'deprecated listTags'],
  ['minor', 'an account has fewer requests', having('/x-rate-limit/quotas/user', 60), 'rate-limit getMe'],
  ['minor', 'an account has more requests', having('/x-rate-limit/quotas/user', 60_000), 'rate-limit getMe'],
  ['minor', 'an operation costs more', having(`${LIST}/x-rate-limit/weight`, 20), 'rate-limit listNotes'],
  // Requests.
  [
    'major',
    'a request field is removed',
    without(`${CREATE}/properties/is_pinned`),
    `request/property-removed ${CREATE}/properties/is_pinned`,
  ],
  [
    'major',
    'a request field becomes required',
    having(`${CREATE}/required`, ['title', 'content', 'tags']),
    `request/required ${CREATE}/properties/tags`,
  ],
  [
    'major',
    'a request gets a new required field',
    both(
      having(`${CREATE}/required`, ['title', 'content', 'colour']),
      having(`${CREATE}/properties/colour`, { type: 'string' }),
    ),
    `request/required ${CREATE}/properties/colour`,
  ],
  [
    'minor',
    'a request gets a new optional field',
    having(`${CREATE}/properties/colour`, { type: 'string' }),
    `request/property-added ${CREATE}/properties/colour`,
  ],
  [
    'major',
    'an upper bound of a request is lowered',
    having(`${CREATE}/properties/title/maxLength`, 400),
    `request/maxLength ${CREATE}/properties/title`,
  ],
  [
    'major',
    'a lower bound of a request is raised',
    having(`${CREATE}/properties/title/minLength`, 2),
    `request/minLength ${CREATE}/properties/title`,
  ],
  ['major', 'a bound appears in a request', having(`${CREATE}/minProperties`, 3), `request/minProperties ${CREATE}`],
  [
    'minor',
    'an upper bound of a request is raised',
    having(`${CREATE}/properties/title/maxLength`, 600),
    `request/maxLength ${CREATE}/properties/title`,
  ],
  [
    'major',
    'the items of a request list have tighter bounds',
    having(`${SCHEMAS}/TagRename/properties/from/maxItems`, 16),
    `request/maxItems ${SCHEMAS}/TagRename/properties/from`,
  ],
  [
    'major',
    'the pattern of a request changes',
    having(`${CREATE}/properties/title/pattern`, '^[A-Za-z ]*$'),
    `request/pattern ${CREATE}/properties/title`,
  ],
  [
    'major',
    'the format of a request changes',
    having(`${SCHEMAS}/UserCreate/properties/email/format`, 'email'),
    `request/format ${SCHEMAS}/UserCreate/properties/email`,
  ],
  [
    'major',
    'a type of a request changes',
    having(`${CREATE}/properties/is_pinned/type`, 'string'),
    `request/type ${CREATE}/properties/is_pinned`,
  ],
  [
    'major',
    'a default of a request changes',
    having(`${CREATE}/properties/is_pinned/default`, true),
    `request/default ${CREATE}/properties/is_pinned`,
  ],
  [
    'major',
    'a value of a request enum is removed',
    having(`${SCHEMAS}/StateAction/properties/action/enum`, ['trash', 'restore']),
    `request/enum ${SCHEMAS}/StateAction/properties/action`,
  ],
  [
    'minor',
    'a value of a request enum is added',
    appended(`${SCHEMAS}/ApiKeyScope/enum`, 'tags:read'),
    `request/enum ${SCHEMAS}/ApiKeyScope`,
  ],
  [
    'major',
    'a branch of a request is removed',
    without(`${SCHEMAS}/NoteEdit/oneOf/5`),
    `request/oneOf ${SCHEMAS}/NoteEdit`,
  ],
  [
    'major',
    'a list parameter is written another way',
    having('/components/parameters/TagFilter/explode', false),
    'parameter-style listNotes query tag',
  ],
  [
    'major',
    'a request media type is removed',
    without('/paths/~1notes~1{note_id}/patch/requestBody/content/application~1json'),
    'request-media-type-removed patchNote',
  ],
  [
    'major',
    'a body must be shorter',
    having('/paths/~1auth~1register/post/x-max-body-bytes', 1024),
    'body-limit registerUser',
  ],
  ['major', 'all requests get less time', having('/x-timeout-seconds', 10), 'time-limit listTags'],
  [
    'minor',
    'a stream gets more time',
    having('/paths/~1changes~1stream/get/x-timeout-seconds', 60),
    'time-limit streamChanges',
  ],
  // Parameters.
  ['major', 'a parameter is removed', without(`${LIST}/parameters/8`), 'parameter-removed listNotes query skip'],
  [
    'major',
    'a parameter becomes required',
    having('/components/parameters/UpdatedSince/required', true),
    'parameter-required listNotes query updated_since',
  ],
  [
    'major',
    'a new required parameter appears',
    having(`${LIST}/parameters/10`, { name: 'colour', in: 'query', required: true, schema: { type: 'string' } }),
    'parameter-required listNotes query colour',
  ],
  [
    'minor',
    'a new optional parameter appears',
    having(`${LIST}/parameters/10`, { name: 'colour', in: 'query', schema: { type: 'string' } }),
    'parameter-added listNotes query colour',
  ],
  [
    'major',
    'a bound of a parameter is tighter',
    having('/components/parameters/Limit/schema/maximum', 50),
    'request/maximum /components/parameters/Limit/schema',
  ],
  // Credentials.
  [
    'major',
    'an operation wants another scope',
    having('/paths/~1users~1me/get/security/0/oauth2', ['account:read', 'account:write']),
    'security-tightened getMe',
  ],
  [
    'major',
    'API keys may not call an operation any more',
    without('/paths/~1users~1me/get/security/1'),
    'security-tightened getMe',
  ],
  [
    'major',
    'a public operation wants a credential',
    having('/paths/~1health/get/security', [{ oauth2: ['account:read'] }]),
    'security-tightened getHealth',
  ],
  [
    'security',
    'an operation wants a scope less',
    having('/paths/~1users~1me/get/security/0/oauth2', []),
    'security-loosened getMe',
  ],
  ['security', 'an operation becomes public', having('/paths/~1tags/get/security', []), 'security-loosened listTags'],
  [
    'major',
    'a scope is gone',
    without('/components/securitySchemes/oauth2/flows/password/scopes/keys:write'),
    'scope-removed keys:write',
  ],
  // Replies.
  [
    'major',
    'a reply field is removed',
    without(`${NOTE}/properties/is_public`),
    `reply/property-removed ${NOTE}/properties/is_public`,
  ],
  [
    'major',
    'a reply field becomes optional',
    having(`${NOTE}/required`, [
      'id',
      'title',
      'content',
      'is_public',
      'tags',
      'is_pinned',
      'is_archived',
      'version',
      'owner_id',
      'created_at',
    ]),
    `reply/required ${NOTE}/properties/updated_at`,
  ],
  [
    'major',
    'a reply field may be null',
    having(`${NOTE}/properties/content/type`, ['string', 'null']),
    `reply/type ${NOTE}/properties/content`,
  ],
  [
    'major',
    'a type of a reply changes',
    having(`${NOTE}/properties/version/type`, 'string'),
    `reply/type ${NOTE}/properties/version`,
  ],
  [
    'major',
    'an upper bound of a reply is raised',
    having(`${NOTE}/properties/title/maxLength`, 600),
    `reply/maxLength ${NOTE}/properties/title`,
  ],
  [
    'major',
    'an upper bound of a reply is gone',
    without(`${NOTE}/properties/title/maxLength`),
    `reply/maxLength ${NOTE}/properties/title`,
  ],
  [
    'minor',
    'an upper bound of a reply is lowered',
    having(`${NOTE}/properties/title/maxLength`, 400),
    `reply/maxLength ${NOTE}/properties/title`,
  ],
  [
    'major',
    'a reply list may be longer',
    having(`${LIST}/responses/200/content/application~1json/schema/maxItems`, 200),
    'reply/maxItems /paths/~1notes/get/responses/200/content/application~1json/schema',
  ],
  [
    'major',
    'the format of a reply changes',
    having(`${SCHEMAS}/Timestamp/format`, 'date'),
    `reply/format ${SCHEMAS}/Timestamp`,
  ],
  [
    'major',
    'a reply gets a value that clients do not know',
    having(`${SCHEMAS}/Conflict/properties/field/enum`, ['title', 'content', 'colour']),
    `reply/enum ${SCHEMAS}/Conflict/properties/field`,
  ],
  [
    'minor',
    'a reply gets a new field',
    having(`${NOTE}/properties/colour`, { type: 'string' }),
    `reply/property-added ${NOTE}/properties/colour`,
  ],
  [
    'major',
    'a success has another status',
    moved(`${LIST}/responses/200`, `${LIST}/responses/203`),
    'status-removed listNotes 200',
  ],
  [
    'major',
    'a failure is no longer documented',
    without('/paths/~1notes~1{note_id}/put/responses/412'),
    'status-removed updateNote 412',
  ],
  [
    'major',
    'a new kind of success appears',
    copied(`${LIST}/responses/200`, `${LIST}/responses/206`),
    'status-added listNotes 206',
  ],
  [
    'minor',
    'a new failure appears',
    having(`${LIST}/responses/410`, { $ref: '#/components/responses/CursorExpired' }),
    'status-added listNotes 410',
  ],
  [
    'major',
    'a reply media type is removed',
    moved(`${LIST}/responses/200/content/application~1json`, `${LIST}/responses/200/content/application~1hal+json`),
    'reply-media-type-removed listNotes 200',
  ],
  [
    'major',
    'a reply header is removed',
    without(`${LIST}/responses/200/headers/Link`),
    'header-removed listNotes 200 Link',
  ],
  [
    'major',
    'a reply header may be missing',
    having('/components/headers/ETag/required', false),
    'header-optional getNote 200 ETag',
  ],
  [
    'major',
    'the pattern of a reply header changes',
    having('/components/headers/ETag/schema/pattern', '^W/"[0-9]+"$'),
    'reply/pattern /components/headers/ETag/schema',
  ],
  // Events of a stream.
  [
    'major',
    'an event is removed',
    without(`${EVENTS}/change`),
    'event-removed streamChanges 200 text/event-stream change',
  ],
  [
    'major',
    'an event is renamed',
    moved(`${EVENTS}/ready`, `${EVENTS}/open`),
    'event-removed streamChanges 200 text/event-stream ready',
  ],
  [
    'minor',
    'an event is added',
    having(`${EVENTS}/pause`, { $ref: `#${SCHEMAS}/StreamReady` }),
    'event-added streamChanges 200 text/event-stream pause',
  ],
  [
    'major',
    'a field of an event is removed',
    without(`${NOTICE}/properties/version`),
    `reply/property-removed ${NOTICE}/properties/version`,
  ],
  [
    'minor',
    'an event gets a new field',
    having(`${NOTICE}/properties/colour`, { type: 'string' }),
    `reply/property-added ${NOTICE}/properties/colour`,
  ],
  [
    'major',
    'a field of an event becomes optional',
    having(`${SCHEMAS}/StreamReady/required`, []),
    `reply/required ${SCHEMAS}/StreamReady/properties/cursor`,
  ],
  ['major', 'a type in an event changes', having(`${REASON}/type`, ['string', 'null']), `reply/type ${REASON}`],
  ['major', 'an upper bound in an event is raised', having(`${REASON}/maxLength`, 100), `reply/maxLength ${REASON}`],
  [
    'minor',
    'an event gets a value that clients have to ignore',
    appended(`${REASON}/enum`, 'too_slow'),
    `reply/enum ${REASON}`,
  ],
  [
    'major',
    'the data of an event becomes another schema',
    having(`${EVENTS}/change`, { $ref: `#${SCHEMAS}/StreamReady` }),
    `reply/type-name ${EVENTS}/change`,
  ],
  ['patch', 'the description of an event changes', having(`${NOTICE}/description`, 'Another text.'), 'texts'],
  // Names and texts.
  ['major', 'a schema is renamed', renamedSchema('TagCount', 'TagUse'), 'schema-removed TagCount'],
  ['patch', 'a bound appears that says nothing', having(`${CREATE}/properties/tags/minItems`, 0), 'texts'],
  ['patch', 'a description changes', having('/paths/~1tags/get/description', 'Another text.'), 'texts'],
  [
    'major',
    'a keyword is used that the comparison does not know',
    having(`${CREATE}/not`, { required: ['owner'] }),
    `request/not ${CREATE}`,
  ],
]

export const seededBreaks: readonly SeededBreak[] = [...rows, ...namingRows].map(([impact, title, seed, finds]) => ({
  impact,
  title,
  seed,
  finds,
}))
