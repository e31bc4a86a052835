export default {
  notes: {
    input: 'openapi.yaml',
    output: {
      target: 'generated/notes.ts',
      client: 'fetch',
      mode: 'single',
      // Otherwise If-Match and Idempotency-Key have no types.
      headers: true,
      // Not in the contract, where the server is "the one that serves this document".
      baseUrl: { runtime: 'process.env.NOTES_URL' },
    },
  },
  schemas: {
    input: 'openapi.yaml',
    output: {
      target: 'generated/schemas.ts',
      client: 'zod',
      mode: 'single',
      override: {
        zod: {
          // Those of errors too, such as PatchNote412Response.
          generateEachHttpStatus: true,
          // What may be left out is not undefined.
          exactOptional: true,
        },
      },
    },
  },
}
