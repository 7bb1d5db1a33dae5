-- How many entities of each kind the provider has.
SELECT kind, count(*) FROM entities WHERE provider = $provider GROUP BY kind ORDER BY kind;

-- How many relationships of each sort the provider has.
SELECT relation, count(*) FROM relationships WHERE provider = $provider GROUP BY relation ORDER BY relation;
