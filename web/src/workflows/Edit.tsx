/** The designer, inside the frame of the console. */

import { getRouteApi } from '@tanstack/react-router';
import { Designer } from '../designer/index.tsx';

export function Edit() {
  const { workflow } = getRouteApi('/inside/workflows/$workflow/edit').useParams();
  return <Designer workflow={workflow} />;
}
