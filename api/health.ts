/** For load balancers and supervisors: alive is one thing, able to serve another. */
import { Router } from 'express';
import type { ApiDeps } from './deps.ts';
import { methodNotAllowed } from './problem.ts';

export function healthRouter({ checkReady }: Pick<ApiDeps, 'checkReady'>): Router {
  const router = Router();
  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    await checkReady();
    response.json({ status: 'ok' });
  });
  router.all(['/livez', '/readyz'], methodNotAllowed(['get']));
  return router;
}
