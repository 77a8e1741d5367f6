package sqlparse

// nativeMySQL lists the functions of MySQL's table that MariaDB's lacks, and
// since when or until when MySQL has them.
func nativeMySQL(version int, name string) bool {
	switch name {
	case "any_value", "gtid_subset", "gtid_subtract", "json_storage_size", "mbrcoveredby", "mbrcovers",
		"st_buffer_strategy", "st_geohash", "st_isvalid", "st_latfromgeohash", "st_longfromgeohash",
		"st_makeenvelope", "st_numinteriorring", "st_pointfromgeohash", "st_simplify", "st_validate",
		"validate_password_strength", "wait_for_executed_gtid_set":
		return true
	case "bin_to_uuid", "current_role", "format_bytes", "format_pico_time", "icu_version", "is_uuid",
		"json_schema_valid", "json_schema_validation_report", "json_storage_free", "ps_current_thread_id",
		"ps_thread_id", "regexp_like", "roles_graphml", "source_pos_wait", "st_frechetdistance", "st_geomcollfromtxt",
		"st_hausdorffdistance", "st_latitude", "st_lineinterpolatepoint", "st_lineinterpolatepoints",
		"st_longitude", "st_pointatdistance", "st_swapxy", "st_transform", "statement_digest",
		"statement_digest_text", "uuid_to_bin":
		return version >= 80000
	case "etag", "from_vector", "string_to_vector", "to_vector", "vector_dim", "vector_to_string":
		return version >= 90000
	case "current_role_in", "current_user_in", "version_with_update":
		return version >= 90700 // when between 9.1 and 9.7 they came was not measured
	case "md5", "sha", "sha1":
		return version < 90600 // a component brings them since
	case "area", "asbinary", "astext", "aswkb", "aswkt", "buffer", "centroid", "contains", "convexhull",
		"crosses", "decode", "des_decrypt", "des_encrypt", "dimension", "disjoint", "encode", "encrypt",
		"endpoint", "envelope", "equals", "exteriorring", "geomcollfromtext", "geomcollfromwkb",
		"geometrycollectionfromtext", "geometrycollectionfromwkb", "geometryfromtext", "geometryfromwkb",
		"geometryn", "geometrytype", "geomfromtext", "geomfromwkb", "glength", "interiorringn",
		"intersects", "isclosed", "isempty", "issimple", "json_append", "linefromtext", "linefromwkb",
		"linestringfromtext", "linestringfromwkb", "mbrequal", "mlinefromtext",
		"mlinefromwkb", "mpointfromtext", "mpointfromwkb", "mpolyfromtext", "mpolyfromwkb",
		"multilinestringfromtext", "multilinestringfromwkb", "multipointfromtext", "multipointfromwkb",
		"multipolygonfromtext", "multipolygonfromwkb", "numgeometries", "numinteriorrings", "numpoints",
		"overlaps", "password", "pointfromtext", "pointfromwkb", "pointn", "polyfromtext", "polyfromwkb",
		"polygonfromtext", "polygonfromwkb", "srid", "startpoint", "touches",
		"wait_until_sql_thread_after_gtids", "within", "x", "y":
		return version < 80000
	}
	return false
}

// grammarMySQL lists the functions that only MySQL's grammar has.
func grammarMySQL(version int, name string) bool {
	switch name {
	case "coalesce", "collation", "database", "format", "microsecond", "mod", "quarter", "row_count",
		"schema", "sql_tsi_quarter", "sql_tsi_week", "week":
		return true
	case "geomcollection", "grouping", "json_value", "st_collect":
		return version >= 80000
	case "cube", "json_duality_object", "rollup":
		return version >= 80400
	}
	return false
}
