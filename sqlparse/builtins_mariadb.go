package sqlparse

// nativeMariaDB lists the functions of MariaDB's table that MySQL's lacks.
func nativeMariaDB(version int, name string) bool {
	switch name {
	case "geometrycollection", "linestring", "multilinestring", "multipoint", "multipolygon", "point", "polygon":
		return true
	case "add_months", "area", "asbinary", "astext", "aswkb", "aswkt", "binlog_gtid_pos", "boundary",
		"buffer", "centroid", "chr", "coalesce", "collation", "column_check", "column_exists",
		"column_json", "column_list", "concat_operator_oracle", "contains", "convexhull", "crc32c",
		"crosses", "database", "decode", "decode_histogram", "decode_oracle", "des_decrypt", "des_encrypt",
		"dimension", "disjoint", "encode", "encrypt", "endpoint", "envelope", "equals", "exteriorring",
		"format", "geomcollfromtext", "geomcollfromwkb", "geometrycollectionfromtext",
		"geometrycollectionfromwkb", "geometryfromtext", "geometryfromwkb", "geometryn", "geometrytype",
		"geomfromtext", "geomfromwkb", "glength", "interiorringn", "intersects", "isclosed", "isempty",
		"isring", "issimple", "json_compact", "json_detailed", "json_equals", "json_exists", "json_loose",
		"json_normalize", "json_query", "json_value", "lengthb", "linefromtext", "linefromwkb",
		"linestringfromtext", "linestringfromwkb", "lpad_oracle", "ltrim_oracle", "master_gtid_wait",
		"mbrequal", "md5", "microsecond", "mlinefromtext", "mlinefromwkb", "mod", "mpointfromtext",
		"mpointfromwkb", "mpolyfromtext", "mpolyfromwkb", "multilinestringfromtext",
		"multilinestringfromwkb", "multipointfromtext", "multipointfromwkb", "multipolygonfromtext",
		"multipolygonfromwkb", "natural_sort_key", "numgeometries", "numinteriorrings", "numpoints", "nvl",
		"nvl2", "old_password", "overlaps", "password", "pointfromtext", "pointfromwkb", "pointn",
		"pointonsurface", "polyfromtext", "polyfromwkb", "polygonfromtext", "polygonfromwkb", "quarter",
		"replace_oracle", "row_count", "rpad_oracle", "rtrim_oracle", "schema", "schemas", "sformat", "sha", "sha1",
		"srid", "st_boundary", "st_isring", "st_pointonsurface", "st_relate", "startpoint", "substr_oracle",
		"sys_guid", "to_char", "touches", "week", "within", "wsrep_last_seen_gtid",
		"wsrep_last_written_gtid", "wsrep_sync_wait_upto_gtid", "x", "y":
		return true
	case "format_pico_time", "json_schema_valid":
		return version >= 110100
	case "json_array_intersect", "json_key_value", "json_object_filter_keys", "json_object_to_array", "kdf":
		return version >= 110400
	case "uuid_v4", "uuid_v7", "vec_distance", "vec_distance_cosine", "vec_distance_euclidean", "vec_fromtext", "vec_totext":
		return version >= 110700
	}
	return false
}

// grammarMariaDB lists the functions that only MariaDB's grammar has.
func grammarMariaDB(name string) bool {
	switch name {
	case "column_add", "column_create", "column_delete", "column_get", "current_role", "decode", "lastval", "median", "nextval",
		"percentile_cont", "percentile_disc", "rownum", "setval", "unique", "value":
		return true
	}
	return false
}
