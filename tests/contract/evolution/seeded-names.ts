/**
 * Changes that leave requests and replies unchanged, or seem to, and break what was built on the document. One table of
 * many rows, therefore longer than other files.
 */
import { both, copied, having, moved, renamedComponent, reordered, replaced, without } from './edit-document.ts'
import type { Row } from './seeded-breaks.ts'

const SCHEMAS = '/components/schemas'
const CREATE = '/components/schemas/NoteCreate'
const LIST = '/paths/~1notes/get'
const MAKE = '/paths/~1notes/post'
const CREATED = `${MAKE}/responses/201`
const DATES = { deprecated: true, 'x-deprecated-since': '2026-11-22', 'x-sunset': '2027-06-30' }
const ORDER = `${SCHEMAS}/NoteOrder`
const ORDER_NAMES = ['CreatedAt', 'CreatedAtDescending', 'UpdatedAt', 'UpdatedAtDescending', 'Title', 'TitleDescending']
const KIND = `${SCHEMAS}/Conflict/properties/field`

export const namingRows: readonly Row[] = [
  // Tags.
  ['major', 'an operation moves to another tag', having(`${LIST}/tags`, ['tags']), 'tag-changed listNotes'],
  ['major', 'an operation loses its tag', without(`${LIST}/tags`), 'tag-changed listNotes'],
  [
    'major',
    'a tag is renamed in all places',
    both(having('/tags/5/name', 'versions'), replaced('"tags":["history"]', '"tags":["versions"]')),
    'tag-changed listRevisions',
  ],
  ['major', 'a tag is no longer declared', without('/tags/4'), 'tag-removed tags'],
  ['minor', 'an operation gets a second tag', having(`${LIST}/tags`, ['notes', 'tags']), 'tag-added listNotes tags'],
  ['patch', 'a tag is displayed with another name', having('/tags/4/x-displayName', 'Labels'), 'texts'],
  // Components and titles.
  [
    'major',
    'a shared response is renamed',
    renamedComponent('responses', 'InFlight', 'UnderWay'),
    'component-removed responses/InFlight',
  ],
  [
    'major',
    'a shared parameter is renamed',
    renamedComponent('parameters', 'Limit', 'Most'),
    'component-removed parameters/Limit',
  ],
  [
    'major',
    'a shared header is renamed',
    renamedComponent('headers', 'ETag', 'Version'),
    'component-removed headers/ETag',
  ],
  [
    'patch',
    'a failure becomes another shared response of the same form',
    having(`${MAKE}/responses/406`, { $ref: '#/components/responses/NotAcceptableWithoutBody' }),
    'response-name createNote 406',
  ],
  [
    'major',
    'a failure becomes a shared response of another form',
    having(`${MAKE}/responses/409`, { $ref: '#/components/responses/Invalid' }),
    'response-name createNote 409',
  ],
  [
    'major',
    'a reply becomes another schema',
    having(`${CREATED}/content/application~1json/schema`, { $ref: `#${SCHEMAS}/TrashedNote` }),
    `reply/type-name ${SCHEMAS}/Note`,
  ],
  [
    'major',
    'a field loses the name of its type',
    copied(`${SCHEMAS}/Scope`, `${SCHEMAS}/ScopeProblem/properties/granted_scopes/items`),
    `reply/type-name ${SCHEMAS}/ScopeProblem/properties/granted_scopes/items`,
  ],
  [
    'major',
    'a schema gets a title, after which generators name it',
    having(`${CREATE}/title`, 'Note'),
    `request/title ${CREATE}`,
  ],
  ['major', 'the document gets another title', having('/info/title', 'Note API'), 'title-changed'],
  // Names of values.
  ['major', 'the names of values are gone', without(`${ORDER}/x-enum-varnames`), 'request/x-enum-varnames'],
  ['major', 'the name of a value changes', having(`${ORDER}/x-enum-varnames/4`, 'ByTitle'), 'request/x-enum-varnames'],
  ['major', 'names of values change places', reordered(`${ORDER}/x-enum-varnames`, '1'), 'request/x-enum-varnames'],
  ['major', 'values change places and their names do not', reordered(`${ORDER}/enum`, '1'), 'request/x-enum-varnames'],
  [
    'major',
    'values that generators could name get names',
    having(`${KIND}/x-enum-varnames`, ['A', 'B']),
    'reply/x-enum-varnames',
  ],
  [
    'minor',
    'a value comes with its name',
    both(
      having(`${ORDER}/enum`, ['created_at', '-created_at', 'updated_at', '-updated_at', 'title', '-title', 'size']),
      having(`${ORDER}/x-enum-varnames`, [...ORDER_NAMES, 'Size']),
    ),
    `request/enum ${ORDER}`,
  ],
  [
    'patch',
    'values and their names swap places together',
    both(reordered(`${ORDER}/enum`, '1'), reordered(`${ORDER}/x-enum-varnames`, '1')),
    'texts',
  ],
  ['patch', 'values without names change places', reordered(`${SCHEMAS}/OnConflict/enum`, '1'), 'texts'],
  [
    'major',
    'an extension of a schema appears that the comparison does not know',
    having(`${CREATE}/x-go-name`, 'Draft'),
    `request/x-go-name ${CREATE}`,
  ],
  // Orders, which positional arguments are made of.
  ['major', 'parameters change places', reordered(`${LIST}/parameters`, '1'), 'parameter-order listNotes'],
  [
    'major',
    'a new parameter stands before older ones',
    both(
      having(`${LIST}/parameters/10`, { name: 'colour', in: 'query', schema: { type: 'string' } }),
      reordered(`${LIST}/parameters`, '10'),
    ),
    'parameter-order listNotes query colour',
  ],
  [
    'major',
    'fields of a request swap places',
    reordered(`${CREATE}/properties`, 'content'),
    `request/property-order ${CREATE}`,
  ],
  [
    'major',
    'a header of a request is written another way',
    having('/components/parameters/IfMatch/name', 'if-match'),
    'parameter-renamed updateNote',
  ],
  // Problem types.
  [
    'major',
    'a problem type is renamed everywhere',
    replaced('too-many-api-keys', 'api-key-limit'),
    'problem-type-removed too-many-api-keys',
  ],
  [
    'major',
    'a problem type is renamed that only the text names',
    replaced('headers-too-large', 'header-limit'),
    'problem-type-removed headers-too-large',
  ],
  [
    'major',
    'a failure has the problem type of another one',
    having(
      '/components/responses/EmailTaken/content/application~1problem+json/examples/emailTaken/value/type',
      '/problems/too-many-api-keys',
    ),
    'problem-type-removed registerUser 409 email-taken 409',
  ],
  // Links.
  ['major', 'a link is removed', without(`${CREATED}/links/editNote`), 'link-removed createNote 201 editNote'],
  [
    'major',
    'a link is renamed',
    moved(`${CREATED}/links/editNote`, `${CREATED}/links/change`),
    'link-removed createNote 201 editNote',
  ],
  [
    'major',
    'a link has another target',
    having(`${CREATED}/links/getNote/operationId`, 'deleteNote'),
    'link-target createNote 201 getNote',
  ],
  [
    'major',
    'a link fills a parameter from elsewhere',
    having(`${CREATED}/links/getNote/parameters/note_id`, '$response.body#/owner_id'),
    'link-parameter createNote 201 getNote note_id',
  ],
  [
    'major',
    'a link no longer fills a parameter',
    without(`${CREATED}/links/updateNote/parameters/If-Match`),
    'link-parameter createNote 201 updateNote If-Match',
  ],
  ['patch', 'a link comes', copied(`${CREATED}/links/getNote`, `${CREATED}/links/again`), 'texts'],
  // Ends that are announced.
  [
    'minor',
    'a parameter is deprecated',
    copied('/components/parameters/Skip', '/components/parameters/Skip', DATES),
    'deprecated listNotes query skip',
  ],
  [
    'minor',
    'a field is deprecated',
    copied(`${CREATE}/properties/is_pinned`, `${CREATE}/properties/is_pinned`, DATES),
    `request/deprecated ${CREATE}/properties/is_pinned`,
  ],
  [
    'minor',
    'a field of a shared type is deprecated',
    copied(`${SCHEMAS}/Note/properties/owner_id`, `${SCHEMAS}/Note/properties/owner_id`, DATES),
    `reply/deprecated ${SCHEMAS}/Note/properties/owner_id`,
  ],
  // Types that generators choose.
  [
    'major',
    'a text of a reply gets a format, and another type in generated code',
    having(`${SCHEMAS}/Session/properties/address/format`, 'hostname'),
    `reply/format ${SCHEMAS}/Session/properties/address`,
  ],
  [
    'major',
    'a list of a reply becomes a set',
    having(`${SCHEMAS}/Note/properties/tags/uniqueItems`, true),
    'reply/uniqueItems',
  ],
  [
    'major',
    'a number of a request may have a fraction',
    having('/components/parameters/Limit/schema/type', 'number'),
    'request/type',
  ],
  [
    'major',
    'numbers of a request are steps apart',
    having('/components/parameters/Limit/schema/multipleOf', 5),
    'request/multipleOf',
  ],
  [
    'major',
    'a field of a request is read only',
    having(`${CREATE}/properties/tags/readOnly`, true),
    'request/readOnly',
  ],
  [
    'major',
    'a choice gets a discriminator',
    having(`${SCHEMAS}/NoteEdit/discriminator`, { propertyName: 'op' }),
    'request/discriminator',
  ],
  [
    'minor',
    'a request takes fields that it does not name',
    having(`${CREATE}/additionalProperties`, true),
    'request/additionalProperties',
  ],
  // A pattern that its enum implies.
  ['patch', 'a pattern comes that the enum implies', having(`${KIND}/pattern`, '^[a-z_]+$'), `reply/pattern ${KIND}`],
  [
    'major',
    'a pattern is added that refuses values of the enum',
    having(`${SCHEMAS}/ApiKeyScope/pattern`, '^notes:'),
    'request/pattern',
  ],
  // The rest of the document.
  ['major', 'the server stands elsewhere', having('/servers/0/url', '/v2'), 'root servers'],
  ['patch', 'the server is described otherwise', having('/servers/0/description', 'Yours.'), 'texts'],
  [
    'major',
    'an operation has a server of its own',
    having(`${LIST}/servers`, [{ url: '/lists' }]),
    'operation-member listNotes servers',
  ],
  [
    'major',
    'a path has a server of its own',
    having('/paths/~1notes/servers', [{ url: '/lists' }]),
    'path-member listNotes servers',
  ],
  [
    'major',
    'the parameters of a path swap places',
    replaced('/notes/{note_id}/revisions/{version}', '/notes/{version}/revisions/{note_id}'),
    'address-changed getRevision',
  ],
  [
    'major',
    'a form is encoded another way',
    having('/paths/~1auth~1token/post/requestBody/content/application~1x-www-form-urlencoded/encoding', {
      scope: { explode: false },
    }),
    'body-member createToken application/x-www-form-urlencoded encoding',
  ],
  [
    'major',
    'a header of a reply is written another way',
    having('/components/headers/Retry-After/explode', true),
    'reply-member createNote 503 Retry-After explode',
  ],
  [
    'major',
    'tokens come from elsewhere',
    having('/components/securitySchemes/oauth2/flows/password/tokenUrl', '/token'),
    'scheme-changed oauth2',
  ],
  ['major', 'a way to authenticate is renamed', replaced('"apiKey":', '"key":'), 'scheme-changed apiKey'],
  [
    'minor',
    'a security scheme is added',
    copied('/components/securitySchemes/apiKey', '/components/securitySchemes/mutual'),
    'scheme-added mutual',
  ],
  ['patch', 'a parameter says what it is anyway', having('/components/parameters/Skip/style', 'form'), 'texts'],
  [
    'patch',
    'an example has another name',
    moved(
      `${CREATED}/content/application~1json/examples/firstNote`,
      `${CREATED}/content/application~1json/examples/note`,
    ),
    'texts',
  ],
]
