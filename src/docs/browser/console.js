/* global SwaggerUIBundle -- defined by swagger-ui-bundle.js, which is CommonJS or a global, but not a module */
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

const scheme = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', scheme.matches)
scheme.addEventListener('change', follow)
follow()

const ui = SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.querySelector('#swagger-ui'),
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [withoutClient],
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
