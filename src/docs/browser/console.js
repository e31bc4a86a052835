/* global SwaggerUIBundle -- defined by swagger-ui-bundle.js, which is CommonJS or a global, but not a module */
import { readContract } from './contract.js'

// This server has no OAuth clients: leave out the Basic header with an empty client that Swagger UI adds.
const withoutClient = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorizePassword: (authorize) => (auth) =>
          authorize({ ...auth, passwordType: 'request-body', clientId: '', clientSecret: '' }),
      },
    },
  },
})

// Swagger UI would send the example of every parameter unless you clear its field. Here an optional parameter starts like
// a field that you cleared, so that it is left out, and its example is the placeholder.
const withoutPrefill = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        parameterWithMetaByIdentity:
          (find) =>
          (_state, ...query) => {
            const parameter = find(...query)
            const example = parameter.get('example')
            if (parameter.isEmpty() || parameter.get('required') === true) return parameter
            const empty = parameter.get('value') === undefined ? parameter.set('value', null) : parameter
            return example === undefined ? empty : empty.setIn(['schema', 'x-placeholder'], `e.g. ${example}`)
          },
      },
    },
  },
  wrapComponents: {
    JsonSchemaForm:
      (Form, { React }) =>
      (props) =>
        React.createElement(Form, {
          ...props,
          description: props.schema?.get?.('x-placeholder') ?? props.description,
        }),
  },
})

// The conventions are folded, because in a console the operations come first. What is shown of the description is whole.
const parts = (description) => {
  const [lead, ...sections] = description.split(/^(?=## )/m)
  return { lead, conventions: sections.join('') }
}

const withFoldedConventions = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        selectInfoDescriptionField: (select) => () => parts(select() ?? '').lead,
      },
    },
  },
  wrapComponents: {
    InfoContainer:
      (Info, { React, getComponent, specSelectors }) =>
      (props) => {
        const { conventions } = parts(specSelectors.info().get('description') ?? '')
        const Markdown = getComponent('Markdown', true)
        return React.createElement(
          React.Fragment,
          null,
          React.createElement(Info, props),
          conventions !== '' &&
            React.createElement(
              'details',
              { className: 'conventions' },
              React.createElement('summary', null, 'How this API works'),
              React.createElement(Markdown, { source: conventions }),
            ),
        )
      },
  },
})

const scheme = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', scheme.matches)
scheme.addEventListener('change', follow)
follow()

const ui = SwaggerUIBundle({
  spec: await readContract(),
  domNode: document.querySelector('#swagger-ui'),
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [withoutClient, withoutPrefill, withFoldedConventions],
  layout: 'BaseLayout',
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
  // All scopes in the contract are ticked at first; untick some for a narrower token.
  onComplete: () => {
    const schemes = ui.specSelectors.specJson().getIn(['components', 'securitySchemes'])?.toJS() ?? {}
    const scopes = Object.values(schemes).flatMap(({ flows }) => Object.keys(flows?.password?.scopes ?? {}))
    ui.initOAuth({ scopes })
  },
})
