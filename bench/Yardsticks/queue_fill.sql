-- So many more, with emails that none before them had.
insert into queue (namespace_id, email, external_id, data)
select 1 + i % 64, substr(md5(i::text), 1, 16) || '@example.com', 'apollo_' || substr(md5(i::text), 1, 16),
    '{"firstName":"John","lastName":"Doe","title":"Head of Sales","company":"Acme"}'
from (select coalesce(max(id), 0) as last from queue) q, generate_series(q.last + 1, q.last + 250000) i
