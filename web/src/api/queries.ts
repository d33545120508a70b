/** What the page knows of the server, and how long it believes it. */

import { QueryClient, queryOptions } from '@tanstack/react-query';
import { api, got, Refusal } from './client.ts';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // What was refused once is refused again; what could not be reached may come back.
      retry: (failures, error) => (!(error instanceof Refusal) || error.status === 0) && failures < 3,
    },
  },
});

export const me = queryOptions({
  queryKey: ['me'],
  queryFn: () => got(api.GET('/api/v1/me')),
  staleTime: 60_000,
});
