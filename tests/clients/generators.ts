import type { Generator } from './generator.ts'
import { heyApi } from './hey-api/generator.ts'
import { kubb } from './kubb/generator.ts'
import { oapiCodegen } from './oapi-codegen/generator.ts'
import { openapiFetch } from './openapi-fetch/generator.ts'
import { openapiGeneratorGo } from './openapi-generator-go/generator.ts'
import { openapiGeneratorJava } from './openapi-generator-java/generator.ts'
import { openapiGeneratorRust } from './openapi-generator-rust/generator.ts'
import { openapiPythonClient } from './openapi-python-client/generator.ts'
import { orvalZod } from './orval-zod/generator.ts'
import { orval } from './orval/generator.ts'

/** In the order in which they are run. */
export const generators: readonly Generator[] = [
  openapiFetch,
  heyApi,
  orval,
  orvalZod,
  kubb,
  openapiPythonClient,
  oapiCodegen,
  openapiGeneratorGo,
  openapiGeneratorRust,
  openapiGeneratorJava,
]
