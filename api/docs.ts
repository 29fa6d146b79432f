/** `/openapi.json`, and the same to read at `/docs`: no page or script comes from elsewhere. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';
import { PROBLEM_CODES, statusOf } from './problem.ts';

const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
/** The only files of the package that the page needs. */
const SERVED = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Tierline API</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
    <link rel="icon" href="/docs/assets/favicon-32x32.png">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/assets/swagger-ui-bundle.js"></script>
    <script src="/docs/docs.js"></script>
  </body>
</html>
`;

const script = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
`;

function problemsPage(): string {
  const rows = PROBLEM_CODES.map(
    (code) => `<tr id="${code}"><td><code>${code}</code></td><td>${statusOf(code)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tierline problems</title></head>
<body><h1>Problems</h1><p>Every error answer is an RFC 9457 problem document; <code>code</code> is stable.</p>
<table><thead><tr><th scope="col">code</th><th scope="col">status</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></body></html>
`;
}

/** The pages for `document`, the API's OpenAPI description. */
export function docsRouter(document: object): Router {
  const router = Router();
  router.get('/openapi.json', (_request, response) => void response.json(document));
  router.get('/docs', (_request, response) => void response.type('html').send(page));
  router.get('/docs/docs.js', (_request, response) => void response.type('js').send(script));
  router.get('/docs/problems', (_request, response) => void response.type('html').send(problemsPage()));
  for (const file of SERVED)
    // By root and name: as one path, a clone below a folder such as `~/.local` would count as hidden and be refused.
    router.get(`/docs/assets/${file}`, (_request, response) => response.sendFile(file, { root: assets }));
  return router;
}
