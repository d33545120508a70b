/** The names of robots, where the server tells their ids. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../account/may.tsx';
import { api, got } from '../api/client.ts';
import { short } from '../ui/text.ts';

/** Answers the name of a robot by its id; one that was removed has none any more. */
export function useRobotNames(): (id: string) => string {
  const may = useMay();
  const names = useQuery({
    queryKey: ['robots', 'names'],
    queryFn: async () => {
      const { items } = await got(api.GET('/api/v1/robots'));
      return new Map(items.map((robot) => [robot.id, robot.name]));
    },
    enabled: may('robot:read'),
    staleTime: 60_000,
  });
  return (id) => names.data?.get(id) ?? (names.data ? `${short(id)} (removed)` : short(id));
}

export function RobotLink({ id }: { id: string }) {
  const nameOf = useRobotNames();
  return (
    <Link to="/robots" search={{ robot: id }} title={id} className="text-accent hover:underline">
      {nameOf(id)}
    </Link>
  );
}
